import { beforeAll, expect, test } from 'vitest'
import { agentDifferences, areaDifferences, cautions } from '../src/compare'
import { counterpart, linkOf, pointOf, selectionOf } from '../src/links'
import { cellNear, clientele, servedFrom, servedSince, serviceOf, uncoveredNear } from '../src/place'
import { parseRun, type Run } from '../src/run'
import type { Selection } from '../src/selection'
import { Packer, smallRun } from './container'

let run: Run
const made = async (change: (json: ReturnType<typeof smallRun>) => void = () => undefined): Promise<Run> => {
  const packer = new Packer()
  const json = smallRun(packer)
  change(json)
  return parseRun(packer.close(json))
}
beforeAll(async () => {
  run = await made()
})

test('who serves a cell, and which half of the standard it keeps', () => {
  // The middle cell is 0.1° of longitude from A: 0.1 × 111,195 × cos 21° = 10,381 m, beyond 5 km; 600 s are within 30 min.
  const middle = serviceOf(run, 1, 0)
  expect([middle.agent, middle.timeS, middle.byTime, middle.byRadius]).toEqual([0, 600, true, false])
  expect(Math.round(middle.nearest?.metres ?? 0)).toBe(10381)
  expect(middle.share).toBeCloseTo(191 / 255)
  // The eastern cell reaches nobody at first; B opens on the spot in the second phase.
  const east = serviceOf(run, 2, 0)
  expect([east.agent, east.timeS, east.byTime, east.modes]).toEqual([null, null, false, 0])
  const later = serviceOf(run, 2, 1)
  expect([later.agent, later.timeS, later.byTime, later.byRadius, later.modes]).toEqual([1, 60, true, true, 3])
})

test('limits of the standard are inclusive', async () => {
  // A standard of 10 minutes: the middle cell's 600 s keep it; of 9 minutes they do not.
  const ten = await made(json => { json.standard = { ...json.standard, minutes: 10 } })
  const nine = await made(json => { json.standard = { ...json.standard, minutes: 9 } })
  expect([serviceOf(ten, 1, 0).byTime, serviceOf(nine, 1, 0).byTime]).toEqual([true, false])
})

test('since when and from when a cell is served', () => {
  expect([servedSince(run, 0, 0), servedSince(run, 0, 1)]).toEqual([0, 0])
  expect([servedSince(run, 2, 0), servedSince(run, 2, 1)]).toEqual([null, 1])
  expect([servedFrom(run, 2, 0), servedFrom(run, 2, 1)]).toEqual([1, null])
})

test('the cell of a point, or the nearest one close by', () => {
  expect(cellNear(run, 105.5, 21)).toEqual({ cell: 1, metres: 0 })
  // Cells end at 105.65; a point 0.001° farther is outside, and 0.051° from the centre: 5.3 km.
  expect(cellNear(run, 105.651, 21).cell).toBe(-1)
  expect(cellNear(run, 105.651, 21, 6000).cell).toBe(2)
})

test('whom an agent serves', () => {
  // A is nearest to the cells of 10 and 20 people, both in the commune; B later to those of 20 and 30, the last outside.
  expect(clientele(run, 0, 0)).toEqual({ persons: 30, areas: [{ area: 0, people: 30 }], more: 0 })
  expect(clientele(run, 1, 1)).toEqual({ persons: 50, areas: [{ area: 0, people: 20 }], more: 0 })
  expect(clientele(run, 1, 0)).toEqual({ persons: 0, areas: [], more: 0 })
})

test('the unserved place that holds a point', async () => {
  const place = (lon: number) => ({
    name: '', lon, lat: 21, persons: 5, nearest_agent_m: null, nearest_candidate_m: null, persons_coverable: 0,
    help: { vi: '', en: '' }, new_point: { lon, lat: 21, persons: 5 }
  })
  const with_two = await made(json => { json.uncovered = [place(105.41), place(105.42)] })
  expect(uncoveredNear(with_two, 105.425, 21)).toBe(1)
  expect(uncoveredNear(with_two, 106, 21)).toBe(-1)
})

test('what is picked comes back from its link', () => {
  const all: Selection[] = [
    { kind: 'agent', index: 1 }, { kind: 'boundary', layer: 0, index: 0 }, { kind: 'cell', index: 2 },
    { kind: 'place', index: 1 }, { kind: 'point', lon: 105.85, lat: 21.03 }
  ]
  const links = all.map(selection => linkOf(run, selection))
  expect(links).toEqual(['agent:B', 'area:commune:1', 'cell:21.00000,105.60000', 'place:2', 'point:21.03000,105.85000'])
  expect(links.map(link => selectionOf(run, link ?? ''))).toEqual(all)
})

test('nonsense links name nothing', () => {
  for (const link of ['', ':', 'agent', 'agent:', 'agent:nobody', 'area:commune:', 'area:0:1', 'area::1', 'area:commune', 'cell:1,1', 'cell:21', 'cell:,', 'cell:21,105.6,1',
    'point:91,0', 'point:a,b', 'place:0', 'place:3', 'place:1.5', 'office:1', 'toString:1', '__proto__:1', 'cell:Infinity,0']) {
    expect(selectionOf(run, link), link).toBeNull()
  }
  expect(linkOf(run, { kind: 'agent', index: 9 })).toBeNull()
})

test('the same thing in another run', async () => {
  const other = await made(json => {
    json.agents.reverse()
    const [, second] = json.agents
    if (second) second.id = 'C'
  })
  // There B comes first, and A is called C.
  expect(counterpart(run, other, { kind: 'agent', index: 1 })).toEqual({ kind: 'agent', index: 0 })
  expect(counterpart(run, other, { kind: 'agent', index: 0 })).toBeNull()
  expect(counterpart(run, other, { kind: 'boundary', layer: 0, index: 0 })).toEqual({ kind: 'boundary', layer: 0, index: 0 })
  expect(counterpart(run, other, { kind: 'cell', index: 2 })).toEqual({ kind: 'point', lon: 105.6, lat: 21 })
  expect(pointOf(run, { kind: 'boundary', layer: 0, index: 0 })).toBeNull()
})

test('agents of two runs are told apart by their ids', async () => {
  const other = await made(json => { if (json.agents[0]) json.agents[0].id = 'C' })
  // In the second phase A and B stand in the one, C and B in the other; in the first phase B stands in neither.
  expect(agentDifferences(run, 1, other, 1)).toEqual({ onlyA: [0], onlyB: [0], both: [{ a: 1, b: 1 }] })
  expect(agentDifferences(run, 0, other, 0)).toEqual({ onlyA: [0], onlyB: [0], both: [] })
})

test('areas gain and lose', async () => {
  // Half of 60 people in the first phase, all of them in the second: 30 more.
  expect(areaDifferences(run, 0, run, 1)).toEqual([{ name: 'Một', layer: 0, index: 0, shareA: 0.5, shareB: 1, persons: 30 }])
  expect(areaDifferences(run, 1, run, 0)[0]?.persons).toBe(-30)
  const elsewhere = await made(json => {
    const feature = json.boundaries[0]?.features.features[0]
    if (feature) feature.properties.code = '2'
  })
  expect(areaDifferences(run, 0, elsewhere, 0)).toEqual([])
  expect(cautions(run, elsewhere)).toEqual(['areas'])
  expect(cautions(run, run)).toEqual([])
})

test('areas are compared on the first layer that both runs have', async () => {
  // The other run has a layer of districts before that of communes.
  const other = await made(json => {
    const [communes] = json.boundaries
    if (communes) json.boundaries.unshift({ ...structuredClone(communes), layer: 'district' })
    const area = json.boundaries[0]?.features.features[0]
    if (area) area.properties.code = '7'
  })
  expect(areaDifferences(run, 0, other, 1).map(area => [area.layer, area.persons])).toEqual([[0, 30]])
  expect(counterpart(run, other, { kind: 'boundary', layer: 0, index: 0 })).toEqual({ kind: 'boundary', layer: 1, index: 0 })
  expect(cautions(run, other)).toEqual([])
  const none = await made(json => { json.boundaries = [] })
  expect([areaDifferences(run, 0, none, 0), cautions(run, none)]).toEqual([[], ['areas']])
})

test('what makes two runs hard to compare is named', async () => {
  const other = await made(json => {
    json.version = '9'
    json.standard.minutes = 20
    json.synthetic = false
    for (const phase of json.phases) phase.persons = 61
    json.modes.pop()
  })
  expect(cautions(run, other)).toEqual(['version', 'standard', 'people', 'modes', 'made-up'])
})
