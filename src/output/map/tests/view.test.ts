import { expect, test } from 'vitest'
import { boundsOf, labelPoint } from '../src/map/geometry'
import { classify, peopleBands, roundTo125, timeBands } from '../src/palette'
import { accessOfB, fromHash, Store, toHash, type View } from '../src/state'
import type { Cells } from '../src/decode'

const LIMITS = { phases: 4, phasesB: 3, layers: ['agents', 'cells', 'boundary0'] }
const BASE: View = {
  lang: 'vi', phase: 0, phaseB: 0, inStep: false, shown: 'both', colouring: 'time', indicator: 'served',
  layers: ['agents', 'cells'], position: null, pick: null
}

test('a view comes back from its address', () => {
  const view: View = {
    ...BASE, lang: 'en', phase: 2, colouring: 'served', indicator: 'p90_time', layers: ['agents', 'boundary0'],
    position: { zoom: 11.25, lat: 21.0278, lon: 105.8342 }, pick: 'agent:a&b=1'
  }
  expect(toHash(view)).toBe(
    'lang=en&phase=3&colour=served&areas=p90_time&layers=agents.boundary0&at=11.25/21.02780/105.83420&pick=agent%3Aa%26b%3D1')
  expect(fromHash(`#${toHash(view)}`, BASE, LIMITS)).toEqual(view)
  const two: View = { ...view, phaseB: 1, inStep: true, shown: 'b' }
  expect(fromHash(`#${toHash(two, true)}`, BASE, LIMITS)).toEqual(two)
})

test('a wrong address falls back part by part', () => {
  for (const hash of [
    '', '#', '#lang=fr&phase=9&colour=pink&at=1/2', '#phase=0', '#phase=1.5', '#phase=Infinity', '#at=//', '#at=99/0/0', '#at=3/x/5',
    '#at=3/4/5/6', '#at=NaN/1/1', '#areas=%00', '#step=2&runs=c&phase2=4', '#%E0%A4%A', '#pick=', `#pick=${'x'.repeat(301)}`, '#=&&==&?'
  ]) {
    expect(fromHash(hash, BASE, LIMITS), hash).toEqual(BASE)
  }
  expect(fromHash('#layers=cells.nonsense&phase=4', BASE, LIMITS)).toEqual({ ...BASE, layers: ['cells'], phase: 3 })
  expect(fromHash('#layers=', BASE, LIMITS).layers).toEqual([])
  expect(fromHash('#phase=2', BASE, { ...LIMITS, phases: 1 }).phase).toBe(0)
})

test('the store tells changes only', () => {
  const store = new Store(BASE, { ...LIMITS, phasesB: 0 })
  const seen: number[] = []
  store.listen(view => seen.push(view.phase))
  store.set({ phase: 1 })
  store.set({ phase: 1 })
  store.toggleLayer('boundary0', true)
  expect(seen).toEqual([1, 1])
  expect(store.view.layers).toEqual(['agents', 'cells', 'boundary0'])
})

test('phases in step follow each other, as far as each run has phases', () => {
  const store = new Store({ ...BASE, inStep: true }, LIMITS)
  const b = accessOfB(store)
  store.set({ phase: 1 })
  expect([store.view.phase, b.view.phase]).toEqual([1, 1])
  // B has three phases only.
  store.set({ phase: 3 })
  expect([store.view.phase, b.view.phase]).toEqual([3, 2])
  b.set({ phase: 0 })
  expect([store.view.phase, store.view.phaseB]).toEqual([0, 0])
  store.set({ inStep: false })
  b.set({ phase: 2 })
  expect([store.view.phase, store.view.phaseB]).toEqual([0, 2])
  // Put in step again, the first leads.
  store.set({ inStep: true })
  expect(store.view.phaseB).toBe(0)
})

const STANDARD = { minutes: 30, radius_m: 5000, rule: 'either' as const }

function cellsOf(persons: number[], timeS: number[], covered: number[]): Cells {
  const count = persons.length
  const zeros = new Float64Array(count)
  return {
    count, halfLon: 1, halfLat: 1, lon: zeros, lat: zeros, boundary: new Int16Array(count),
    persons: Float32Array.from(persons), timeS: [Uint16Array.from(timeS)], covered: [Uint8Array.from(covered)],
    modes: [], agent: []
  }
}

test('limits of travel time are inclusive', () => {
  // A standard of 30 minutes has classes up to 600, 1200, 1800, 2700 s, beyond, and unreached.
  const times = [0, 600, 601, 1200, 1800, 1801, 2700, 2701, 65534, 65535]
  const cells = cellsOf(times.map(() => 1), times, times.map(() => 0))
  expect([...classify(cells, 'time', 0, STANDARD)]).toEqual([1, 1, 2, 2, 3, 4, 4, 5, 5, 6])
  expect(timeBands(STANDARD)).toHaveLength(6)
})

test('shares served: none, less than half, half and more, all', () => {
  // 127/255 is below a half, 128/255 above; only 255 is all.
  const shares = [0, 1, 127, 128, 254, 255]
  const cells = cellsOf(shares.map(() => 1), shares.map(() => 0), shares)
  expect([...classify(cells, 'served', 0, STANDARD)]).toEqual([1, 2, 2, 3, 3, 4])
})

test('people: round limits, none without people', () => {
  // Ten inhabited cells of 10, 20, … 100: the entries at 20, 40, 60, 80 % are 30, 50, 70, 90, which round to 20, 50, 50
  // and 100 by the steps 1, 2, 5; the second 50 is left out, so there are four classes.
  const persons = [0, ...Array.from({ length: 10 }, (_, i) => 10 * (i + 1))]
  const cells = cellsOf(persons, persons, persons)
  expect(peopleBands(cells.persons).map(band => band.to)).toEqual([20, 50, 100, null])
  expect(peopleBands(new Float32Array(0))).toHaveLength(1)
  expect([0, 1.4, 1.6, 34, 36, 80].map(roundTo125)).toEqual([0, 1, 2, 20, 50, 100])
})

test('a name stands in the middle of the largest part', () => {
  const square = (x: number, size: number) => [[[x, 0], [x + size, 0], [x + size, size], [x, size], [x, 0]]]
  expect(labelPoint({ type: 'MultiPolygon', coordinates: [square(0, 1), square(10, 4)] })).toEqual([12, 2])
  expect(labelPoint({ type: 'Polygon', coordinates: [] })).toBeNull()
  expect(boundsOf({ type: 'MultiPolygon', coordinates: [square(0, 1), square(10, 4)] })).toEqual([0, 0, 14, 4])
})
