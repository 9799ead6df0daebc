import { expect, test } from 'vitest'
import type { Cells } from '../src/decode'
import { paint, rasterOf } from '../src/map/raster'

function cellsAt(places: [number, number][], half = 0.5): Cells {
  const count = places.length
  return {
    count, halfLon: half, halfLat: half,
    lon: Float64Array.from(places, p => p[0]), lat: Float64Array.from(places, p => p[1]),
    persons: new Float32Array(count), boundary: new Int16Array(count), timeS: [], covered: [], modes: [], agent: []
  }
}

test('cells on one grid have a texel each', () => {
  // Unit cells centred on (100.5, 20.5), (102.5, 20.5) and (101.5, 21.5): three columns from 100, two rows from 20.
  const raster = rasterOf(cellsAt([[100.5, 20.5], [102.5, 20.5], [101.5, 21.5]]))
  if (!raster) throw new Error('no raster')
  expect([raster.width, raster.height]).toEqual([3, 2])
  expect([raster.west, raster.south, raster.east, raster.north]).toEqual([100, 20, 103, 22])
  // Rows of four bytes, the southern one first.
  expect([...paint(raster, Uint8Array.of(1, 2, 3), 4)]).toEqual([1, 0, 2, 0, 0, 3, 0, 0])
  expect([...paint(raster, Uint8Array.of(0, 2, 0), 4)]).toEqual([0, 0, 2, 0, 0, 0, 0, 0])
})

test('cells off the grid are painted finer', () => {
  // The second stands half a cell to the right of the grid: 2.5 cells wide, four texels a cell.
  const raster = rasterOf(cellsAt([[100.5, 20.5], [102, 20.5]]))
  if (!raster) throw new Error('no raster')
  expect([raster.width, raster.height]).toEqual([10, 4])
  expect([...paint(raster, Uint8Array.of(1, 2), 12).subarray(0, 12)]).toEqual([1, 1, 1, 1, 0, 0, 2, 2, 2, 2, 0, 0])
})

test('an area wider than the largest picture shrinks', () => {
  // Eight cells in a row on at most four texels: two cells a texel, the later one wins.
  const raster = rasterOf(cellsAt(Array.from({ length: 8 }, (_, i): [number, number] => [i, 0])), 4)
  if (!raster) throw new Error('no raster')
  expect([raster.width, raster.height]).toEqual([4, 1])
  expect(raster.east).toBe(7.5)
  expect(paint(raster, Uint8Array.of(1, 1, 2, 2, 3, 3, 4, 4), 4)).toHaveLength(4)
})

test('no cells, no raster', () => {
  expect(rasterOf(cellsAt([]))).toBeNull()
  expect(rasterOf(cellsAt([[0, 0]], 0))).toBeNull()
})
