/** Cross-entropy of a logistic. */
import { customVjp } from '@gdarknet/nn';
import { abs, add, exp, log, mul, neg, relu, sigmoid, sub, type Tensor } from '@gdarknet/tensor';

/** The cross-entropy of a logit's logistic against a target in 0 to 1; its derivative is logistic minus target. */
export const crossEntropy = customVjp(
  (logit: Tensor, target: Tensor): Tensor =>
    add(sub(relu(logit), mul(logit, target)), log(add(exp(neg(abs(logit))), 1))),
  (cotangent, [logit, target]) => [mul(cotangent, sub(sigmoid(logit), target)), undefined],
);
