/** Threads of one process as a team: they meet in shared memory and add up what each has put there. */
import type { Team } from '@gdarknet/yolo';
import { CrewEnded } from '../core/failure.ts';
import { takingTurns } from './turns.ts';

/** Sent to every member. */
export type MeetingPlace = { readonly control: SharedArrayBuffer; readonly slots: SharedArrayBuffer };

export type Meeting = {
  readonly team: Team;
  readonly spentMs: () => number;
  /** Whoever waits, or will, throws `CrewEnded`. */
  readonly end: () => void;
};

/** Words of the control block. */
const word = { arrived: 0, round: 1, ended: 2 } as const;
/** Doubles that a member puts down at a time. */
const chunk = 1 << 19;

export const meetingPlace = (size: number): MeetingPlace => ({
  control: new SharedArrayBuffer(64),
  // One slot for each member, and one for the sums.
  slots: new SharedArrayBuffer(8 * chunk * (size + 1)),
});

/** Of ES2024; Node has it since 16. */
type WaitAsync = (
  words: Int32Array,
  index: number,
  value: number,
) => { readonly async: false } | { readonly async: true; readonly value: Promise<string> };
const { waitAsync } = Atomics as unknown as { readonly waitAsync: WaitAsync };

/** `blocking` for threads with nothing else to do; the main thread must hear signals and messages meanwhile. */
export const joinMeeting = (place: MeetingPlace, rank: number, size: number, blocking: boolean): Meeting => {
  const control = new Int32Array(place.control);
  const slots = Array.from({ length: size + 1 }, (_, i) => new Float64Array(place.slots, 8 * chunk * i, chunk));
  const floats = new Float32Array(place.slots, 0, 2 * chunk);
  const sums = slots[size];

  const check = (): void => {
    if (Atomics.load(control, word.ended) !== 0) throw new CrewEnded();
  };
  /** Everyone has come. */
  const meet = async (): Promise<void> => {
    const round = Atomics.load(control, word.round);
    if (Atomics.add(control, word.arrived, 1) + 1 === size) {
      Atomics.store(control, word.arrived, 0);
      Atomics.add(control, word.round, 1);
      Atomics.notify(control, word.round);
    } else {
      while (Atomics.load(control, word.round) === round) {
        check();
        if (blocking) Atomics.wait(control, word.round, round);
        else {
          const waiting = waitAsync(control, word.round, round);
          if (waiting.async) await waiting.value;
        }
      }
    }
    check();
  };

  const sum = async (values: Float64Array): Promise<void> => {
    for (let at = 0; at < values.length; at += chunk) {
      const own = values.subarray(at, at + chunk);
      slots[rank].set(own);
      await meet();
      // Each adds up a part of its own, always in the order of the ranks.
      const [from, to] = [rank, rank + 1].map((r) => Math.floor((own.length * r) / size));
      for (let i = from; i < to; i++) {
        let total = slots[0][i];
        for (let r = 1; r < size; r++) total += slots[r][i];
        sums[i] = total;
      }
      await meet();
      own.set(sums.subarray(0, own.length));
    }
  };

  const share = async (values: Float32Array): Promise<void> => {
    for (let at = 0; at < values.length; at += floats.length) {
      const own = values.subarray(at, at + floats.length);
      if (rank === 0) floats.set(own);
      await meet();
      if (rank !== 0) own.set(floats.subarray(0, own.length));
      await meet();
    }
  };

  const { spentMs, ...calls } = takingTurns({ sum, share });
  return {
    team: { rank, size, ...calls },
    spentMs,
    end: () => {
      Atomics.store(control, word.ended, 1);
      Atomics.add(control, word.round, 1);
      Atomics.notify(control, word.round);
    },
  };
};
