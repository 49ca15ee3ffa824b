export { type ArgumentCotangents, checkpoint, customVjp, stopGradient } from './autodiff/custom.ts';
export { type Gradients, type GradOptions, grad, type Objective, valueAndGrad } from './autodiff/grad.ts';
export { type Vjp, vjp } from './autodiff/vjp.ts';
