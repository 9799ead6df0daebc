import { expect, test } from 'vitest'
import { boundaryAt, cellAt, contains, metresBetween, nearest, pick } from '../src/map/pick'
import { parseRun } from '../src/run'
import { Packer, smallRun } from './container'

async function run() {
  const packer = new Packer()
  return parseRun(packer.close(smallRun(packer)))
}

test('the cell of a point', async () => {
  // Cells of 0.1 degrees around 105.4, 105.5 and 105.6 at 21: the second reaches from 105.45 to 105.55.
  const { cells } = await run()
  expect([105.36, 105.46, 105.5, 105.54, 105.64].map(lon => cellAt(cells, lon, 21.04))).toEqual([0, 1, 1, 1, 2])
  expect([cellAt(cells, 105.34, 21), cellAt(cells, 105.5, 21.06), cellAt(cells, 105.5, 20.94)]).toEqual([-1, -1, -1])
})

const square = (x: number, y: number, size: number) => [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]

test('an area holds what is in one of its parts and in none of its holes', () => {
  const polygon = { type: 'Polygon' as const, coordinates: [square(0, 0, 10), square(4, 4, 2)] }
  expect([contains(polygon, 1, 1), contains(polygon, 5, 5), contains(polygon, 11, 5), contains(polygon, 5, 7)]).toEqual([true, false, false, true])
  // The second part stands in the hole of the first.
  const parts = { type: 'MultiPolygon' as const, coordinates: [polygon.coordinates, [square(4.5, 4.5, 1)]] }
  expect([contains(parts, 5, 5), contains(parts, 4.2, 4.2)]).toEqual([true, false])
  expect(contains({ type: 'Polygon', coordinates: [] }, 0, 0)).toBe(false)
})

test('the area of a point', async () => {
  // The one commune reaches from 105.35 to 105.55 and from 20.9 to 21.1.
  const [layer] = (await run()).boundaries
  if (!layer) throw new Error('no layer')
  expect([boundaryAt(layer, 105.4, 21), boundaryAt(layer, 105.6, 21), boundaryAt(layer, 105.4, 21.2)]).toEqual([0, -1, -1])
})

test('the nearest point within reach', () => {
  // A hundredth of a degree is 1111.95 m to the north, and half of that to the east at 60 degrees.
  expect(metresBetween(105, 0, 105, 0.01)).toBeCloseTo(1111.95, 2)
  expect(metresBetween(105, 60, 105.01, 60)).toBeCloseTo(555.975, 2)
  const points = [{ lon: 105, lat: 0.02 }, { lon: 105, lat: 0.01 }]
  expect(nearest(points, 105, 0, 1200)?.index).toBe(1)
  expect(nearest(points, 105, 0, 1100)).toBeNull()
  expect(nearest([], 105, 0, 1e9)).toBeNull()
})

test('a click means the symbol, then the cell, then the area', async () => {
  const small = await run()
  const at = (lon: number, lat: number, ...layers: string[]) => pick(small, lon, lat, { layers, reach: 500 })
  // Agent A stands at 105.4, 21, in the first cell and in the commune.
  expect(at(105.4, 21, 'agents', 'cells', 'boundary0')).toEqual({ kind: 'agent', index: 0 })
  expect(at(105.4, 21, 'load')).toEqual({ kind: 'agent', index: 0 })
  expect(at(105.4, 21, 'cells', 'boundary0')).toEqual({ kind: 'cell', index: 0 })
  expect(at(105.4, 21, 'boundary0')).toEqual({ kind: 'boundary', layer: 0, index: 0 })
  expect(at(105.4, 21, 'indicators')).toEqual({ kind: 'boundary', layer: 0, index: 0 })
  expect(at(105.4, 21)).toBeNull()
  // 0.01 degrees beside it: 1038 m, out of reach.
  expect(at(105.41, 21, 'agents', 'cells')).toEqual({ kind: 'cell', index: 0 })
})

test('what is hidden is not picked; agents come before other symbols', async () => {
  const small = await run()
  const here = { lon: 105.4, lat: 21 }
  small.offices.push({ name: 'Một cửa', ...here })
  small.candidates.push({
    id: 'C', name: 'C', ...here, lat: 21.001, status: 'eligible', why: null, proposed: false, boundary: 0, persons_in_reach: 0
  })
  const at = (...layers: string[]) => pick(small, 105.4, 21, { layers, reach: 500 })?.kind
  expect(at('agents', 'offices', 'candidates')).toBe('agent')
  // The office is nearer than the candidate, 111 m away.
  expect(at('offices', 'candidates')).toBe('office')
  expect(at('candidates')).toBe('candidate')
})
