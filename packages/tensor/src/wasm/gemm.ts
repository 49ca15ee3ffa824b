/**
 * The matrix kernel: C = A x B for row-major A, B in panels `[panel][k][columns]`, C row-major; as many rows and columns
 * as tiles cover. The accumulators of a tile stay in registers: `rows * columns / 4 + columns / 4 + 1` of them must fit.
 */
import { Func } from './emitter.ts';

export type Tile = { readonly rows: number; readonly columns: number; readonly fused: boolean };

/** For products of few columns, which would leave half of a wide tile idle; more rows want more pointers than there are registers. */
export const narrowed = (tile: Tile): Tile => (tile.columns === 16 ? { rows: 8, columns: 8, fused: tile.fused } : tile);

/** (a, lda, b, panel stride, c, ldc, row tiles, panels, k): addresses and strides in bytes. */
export const gemmFunction = ({ rows, columns, fused }: Tile): Func => {
  const f = new Func(['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32']);
  const [a, lda, b, panel, c, ldc, tiles, panels, k] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  const vectors = columns / 4;
  const sums = Array.from({ length: rows }, () => Array.from({ length: vectors }, () => f.local('v128')));
  const fromB = Array.from({ length: vectors }, () => f.local('v128'));
  const fromA = f.local('v128');
  const rowsOfA = Array.from({ length: rows }, () => f.local());
  const [bp, depth, tile, aTile, cTile, cPanel, cp] = Array.from({ length: 7 }, () => f.local());

  f.get(c).set(cPanel);
  f.repeat(() => {
    f.get(tiles).set(tile).get(a).set(aTile).get(cPanel).set(cTile);
    f.repeat(() => {
      rowsOfA.forEach((row, i) => {
        if (i === 0) f.get(aTile).set(row);
        else
          f.get(rowsOfA[i - 1], lda)
            .do('i32.add')
            .set(row);
      });
      for (const v of sums.flat()) f.constant(0).set(v);
      f.get(b).set(bp).get(k).set(depth);
      f.repeat(() => {
        fromB.forEach((v, j) =>
          f
            .get(bp)
            .memory('v128.load', 16 * j)
            .set(v),
        );
        sums.forEach((row, i) => {
          f.get(rowsOfA[i]).memory('v128.load32_splat').set(fromA);
          row.forEach((v, j) => {
            if (fused) f.get(fromA, fromB[j], v).do('f32x4.relaxed_madd').set(v);
            else f.get(fromA, fromB[j]).do('f32x4.mul').get(v).do('f32x4.add').set(v);
          });
        });
        for (const row of rowsOfA) f.bump(row, 4);
        f.bump(bp, columns * 4)
          .add(depth, -1)
          .tee(depth);
      });
      f.get(cTile).set(cp);
      sums.forEach((row, i) => {
        row.forEach((v, j) => {
          f.get(cp, v).memory('v128.store', 16 * j);
        });
        if (i < rows - 1) f.get(cp, ldc).do('i32.add').set(cp);
      });
      f.get(aTile).times(lda, rows).do('i32.add').set(aTile);
      f.get(cTile).times(ldc, rows).do('i32.add').set(cTile);
      f.add(tile, -1).tee(tile);
    });
    f.get(b, panel).do('i32.add').set(b);
    f.bump(cPanel, columns * 4)
      .add(panels, -1)
      .tee(panels);
  });
  return f;
};
