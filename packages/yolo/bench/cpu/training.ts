/** A whole training step of yolov3-tiny: forward, loss, backward, momentum and decay, against PyTorch on the same graph. */
import { openDevice } from '@gdarknet/tensor';
import { createTrainer } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { pictures, sized, tiny } from './networks.ts';
import { pythonTimer } from './peers.ts';
import { median, print, type Row, rowOf, takeTurns } from './rounds.ts';

const program = `
import sys, time, torch, torch.nn as nn, torch.nn.functional as F
threads, batch, side = map(int, sys.argv[1:4])
torch.set_num_threads(threads); torch.manual_seed(0)
def C(i, o, k): return nn.Sequential(nn.Conv2d(i, o, k, padding=k // 2, bias=False), nn.BatchNorm2d(o), nn.LeakyReLU(0.1))
class Tiny(nn.Module):
    def __init__(s):
        super().__init__()
        c = [3, 16, 32, 64, 128, 256]
        s.a = nn.ModuleList([C(c[i], c[i + 1], 3) for i in range(5)])
        s.b, s.c, s.d = C(256, 512, 3), C(512, 1024, 3), C(1024, 256, 1)
        s.e, s.f = C(256, 512, 3), nn.Conv2d(512, 255, 1)
        s.g, s.h, s.i = C(256, 128, 1), C(384, 256, 3), nn.Conv2d(256, 255, 1)
    def forward(s, x):
        for k, m in enumerate(s.a):
            x = m(x)
            if k == 4: route = x
            x = F.max_pool2d(x, 2)
        x = F.max_pool2d(F.pad(s.b(x), (0, 1, 0, 1)), 2, 1)
        x = s.d(s.c(x))
        one = s.f(s.e(x))
        two = s.i(s.h(torch.cat([F.interpolate(s.g(x), scale_factor=2), route], 1)))
        return one, two
net = Tiny(); opt = torch.optim.SGD(net.parameters(), 0.001, 0.9, weight_decay=0.0005)
x = torch.rand(batch, 3, side, side)
def step():
    opt.zero_grad()
    sum((torch.sigmoid(y) ** 2).mean() for y in net(x)).backward()
    opt.step()
step(); print('ready', flush=True)
for line in sys.stdin:
    t = time.perf_counter(); step(); print((time.perf_counter() - t) * 1000, flush=True)
`;

/** The original's recorded cost of the same step on a machine of this kind, in ms by threads. */
const recorded: Readonly<Record<number, number>> = { 1: 5500, 2: 3400 };

export const openTraining = async (cfg: string, side: number, batch: number, threads: number) => {
  const device = await openDevice('wasm', { threads });
  const created = await createTrainer({ cfg: sized(cfg, side, batch), device });
  if (E.isLeft(created)) throw new Error(JSON.stringify(created.left[0]));
  const trainer = created.right;
  const x = pictures(batch, side);
  const truths = new Float32Array(batch * trainer.maxTruths * 5);
  for (let i = 0; i < batch; i++)
    for (let k = 0; k < 3; k++) truths.set([0.2 + 0.2 * k, 0.5, 0.2, 0.3, k], (i * trainer.maxTruths + k) * 5);
  return {
    memory: () => device.memory?.() ?? 0,
    prepare: (width: number, height: number) => trainer.prepare(width, height),
    step: () => trainer.step({ x, truths, counts: new Array(batch).fill(3) }),
    close: async () => {
      trainer.close();
      await device.close();
    },
  };
};

export const benchTraining = async (threads: number, rounds: number): Promise<Row[]> => {
  const [side, batch] = [416, 4];
  const ours = await openTraining(tiny.cfg, side, batch, threads);
  const torch = await pythonTimer(program, [threads, batch, side].map(String));
  const theirs = typeof torch === 'string' ? [] : [torch.step];
  if (typeof torch === 'string') console.log(torch);
  const [mine, other] = await takeTurns(
    [ours.step, ...theirs].map((f) => async () => {
      const given = await f();
      return typeof given === 'number' ? given : undefined;
    }),
    rounds,
  );
  const rows: Row[] = [];
  const name = `${tiny.name} training step, ${batch} at ${side}`;
  if (other) rows.push(rowOf(name, 'PyTorch', threads, mine, other));
  if (recorded[threads]) rows.push(rowOf(name, 'the original (recorded)', threads, mine, [recorded[threads]]));
  if (rows.length === 0) console.log(`${name}, ${threads} threads: ${median(mine).toFixed(0)} ms`);
  rows.forEach(print);
  if (typeof torch !== 'string') torch.close();
  await ours.close();
  return rows;
};
