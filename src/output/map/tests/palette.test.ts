import { expect, test } from 'vitest'
import type { Cells } from '../src/decode'
import { indicatorBands, INDICATORS, indicatorValue, measureOf } from '../src/map/indicators'
import { valueLabel } from '../src/map/features'
import { agentState, loadBand, loadRadius, stands } from '../src/map/agents'
import {
  areaPeopleBands, areaTimeBands, bandOf, cellKm2, changeBands, classify, densityBands, peopleBands, rgb, servedBands, shareBands, timeBands,
  utilisationBands, type ClassBand
} from '../src/palette'
import { parseRun } from '../src/run'
import { Packer, smallRun } from './container'

const STANDARD = { minutes: 30, radius_m: 5000, rule: 'either' as const }

/** Cells of one square kilometre at the equator: a degree is 111.195 km, so half a side is 0.5 / 111.195 degrees. */
function cellsOf(persons: number[]): Cells {
  const half = 0.5 / 111.195
  const zeros = new Float64Array(persons.length)
  return {
    count: persons.length, halfLon: half, halfLat: half, lon: zeros, lat: zeros, persons: Float32Array.from(persons),
    boundary: new Int16Array(persons.length), timeS: [], covered: [], modes: [], agent: []
  }
}

test('people are coloured by how densely they live', () => {
  // One square kilometre each, nine inhabited cells of 1, 1, 1, 10, 10, 10, 100, 200 and 400 people, 733 in all. A third of
  // the cells lies below the fourth, 10, two thirds below the seventh, 100. From the smallest on, 33, 133, 333 and 733
  // people are reached at the end of the tens, the 100, the 200 and the 400: a third of all, 244.3, is passed at 200, two
  // thirds, 488.7, at 400; rounded by the steps 1, 2 and 5: 10, 100, 200, 500.
  const cells = cellsOf([0, 1, 1, 1, 10, 10, 10, 100, 200, 400])
  expect(cellKm2(cells)).toBeCloseTo(1, 9)
  expect(densityBands(cells).map(band => band.to)).toEqual([10, 100, 200, 500, null])
  expect([...classify(cells, 'people', 0, STANDARD)]).toEqual([0, 1, 1, 1, 1, 1, 1, 2, 3, 4])
  // All the same: one limit, two classes.
  expect(densityBands(cellsOf([5, 5, 5])).map(band => band.to)).toEqual([5, null])
  expect(densityBands(cellsOf([])).map(band => band.to)).toEqual([null])
  // At 60 degrees north a degree of longitude is half as long.
  expect(cellKm2({ ...cells, lat: Float64Array.of(60) })).toBeCloseTo(0.5, 9)
})

test('limits belong to the class below them, no value to the hatched one', () => {
  const shares = shareBands()
  expect([0, 0.5, 0.51, 0.8, 0.95, 0.9999, 1].map(v => bandOf(shares, v))).toEqual([0, 0, 1, 1, 2, 3, 4])
  expect([null, undefined, NaN].map(v => bandOf(shares, v))).toEqual([5, 5, 5])
  // Unchanged is from half a point down to half a point up.
  expect([-0.2, -0.05, -0.01, -0.004, 0, 0.005, 0.01, 0.05, 0.2, 0.21].map(v => bandOf(changeBands(), v)))
    .toEqual([0, 0, 1, 2, 2, 2, 3, 3, 4, 5])
  expect([0, 600, 601, 1800, 1801, 9999].map(v => bandOf(timeBands(STANDARD), v))).toEqual([0, 0, 1, 2, 3, 4])
  // Areas have one class more, from three times 30 minutes on: 5400 s.
  expect([1800, 2701, 5400, 5401, null].map(v => bandOf(areaTimeBands(STANDARD), v))).toEqual([2, 4, 4, 5, 6])
  // Ten areas of 41,000, 42,000, … 50,000: the entries at 20, 40, 60, 80 % are 43,000, 45,000, 47,000 and 49,000; at one
  // leading digit 40,000 and three times 50,000 (45,000 rounds up).
  expect(areaPeopleBands(Array.from({ length: 10 }, (_, i) => 41_000 + 1_000 * i)).map(band => band.to)).toEqual([40_000, 50_000, null, null])
  // Without a hatched class, no value has none.
  expect(bandOf(peopleBands([1, 10, 100]), null)).toBe(-1)
})

test('an agent that overflows is in the last class, one that is just full is not', () => {
  const load = (utilisation: number, overflow_per_day: number) => ({
    persons: 1, persons_nearest: 1, persons_sent: 0, persons_taken: 0, dossiers_per_day: 1, most_per_day: 1, counters: 1,
    wait_min: 0, utilisation, overflow_per_day
  })
  expect([load(0.2, 0), load(0.5, 0), load(0.85, 0), load(1, 0), load(1 + 1e-12, 0), load(0.9, 2), load(1.4, 9)].map(loadBand))
    .toEqual([0, 0, 1, 2, 2, 3, 3])
  // The area is the number: a quarter of the dossiers has half the radius of 24 px; the smallest circle is 4 px.
  expect([loadRadius(100, 100), loadRadius(25, 100), loadRadius(0, 100), loadRadius(0, 0)]).toEqual([24, 12, 4, 4])
})

test('what an agent is in each phase', () => {
  const of = (fixed: boolean, phase: number, closes: number | null) => [0, 1, 2].map(p => agentState({ fixed, phase, closes }, p))
  expect(of(false, 1, null)).toEqual(['opens-later', 'opened-now', 'opened-before'])
  expect(of(true, 0, null)).toEqual(['fixed', 'fixed', 'fixed'])
  expect(of(true, 0, 1)).toEqual(['fixed', 'closed', 'closed'])
  expect(of(false, 0, 2)).toEqual(['opened-now', 'opened-before', 'closed'])
  expect([0, 1, 2].map(p => stands({ fixed: false, phase: 1, closes: 2 }, p))).toEqual([false, true, false])
})

test('values are written short on the map', () => {
  expect([valueLabel(0.925, 'served', 'vi'), valueLabel(0.9999, 'served', 'en')]).toEqual(['93%', '< 100%'])
  expect([valueLabel(2650, 'p90_time', 'vi'), valueLabel(null, 'mean_time', 'vi')]).toEqual(['44′', '–'])
  expect([valueLabel(0.236, 'change_before', 'en'), valueLabel(-0.03, 'change_today', 'en'), valueLabel(0.001, 'change_before', 'en')])
    .toEqual(['+24', '−3', '0'])
  expect(valueLabel(61315, 'people', 'vi')).toBe('61.315')
})

test('the values of an area', async () => {
  const packer = new Packer()
  const run = await parseRun(packer.close(smallRun(packer)))
  const area = run.boundaries[0]?.features.features[0]?.properties
  if (!area) throw new Error('no area')
  expect(INDICATORS.map(indicator => indicatorValue(area, indicator, 1))).toEqual([1, 600, 1100, 1200, 30, 0.5, null])
  // The first phase has none before it.
  expect(indicatorValue(area, 'change_before', 0)).toBeNull()
  expect(indicatorValue({ ...area, today: { covered_share: 0.25, mean_time_s: null } }, 'change_today', 0)).toBe(0.25)
  expect(INDICATORS.map(measureOf)).toEqual(['share', 'time', 'time', 'time', 'people', 'points', 'points'])
  for (const indicator of INDICATORS) expect(indicatorBands(run, indicator).length).toBeLessThanOrEqual(8)
})

/**
 * How people without one kind of cone see linear red, green and blue: Machado, Oliveira and Fernandes, "A
 * Physiologically-based Model for Simulation of Color Vision Deficiency", 2009, severity 1.0.
 */
const SIGHTS: Record<string, [number, number, number][]> = {
  normal: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]]
}

/** CIE L*a*b* (D65) of a colour as a sight sees it. */
function lab(hex: string, sight: [number, number, number][]): [number, number, number] {
  const linear = rgb(hex).map(c => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
  const times = (rows: readonly (readonly number[])[], v: number[]) => rows.map(row => row.reduce((sum, x, i) => sum + x * (v[i] ?? 0), 0))
  const seen = times(sight, linear).map(c => Math.min(1, Math.max(0, c)))
  const [x = 0, y = 0, z = 0] = times([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]], seen)
  const f = (t: number) => (t > 216 / 24389 ? Math.cbrt(t) : (t * 24389) / 27 / 116 + 16 / 116)
  const [fx, fy, fz] = [f(x / 0.95047), f(y), f(z / 1.08883)]
  return [116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)]
}

const difference = (a: number[], b: number[]) => Math.hypot(...a.map((v, i) => v - (b[i] ?? 0)))

test('the colour difference is the known one', () => {
  // White is L* = 100, black 0: they are 100 apart; the same colour is 0 apart.
  const normal = SIGHTS['normal'] ?? []
  expect(difference(lab('#ffffff', normal), lab('#000000', normal))).toBeCloseTo(100, 1)
  expect(lab('#ff0000', normal)[0]).toBeCloseTo(53.24, 1)
})

const PALETTES: Record<string, ClassBand[]> = {
  time: timeBands(STANDARD), areas: areaTimeBands(STANDARD), served: servedBands(), people: peopleBands([1, 3, 10, 30, 100, 300, 1000, 3000]),
  share: shareBands(), change: changeBands(), load: utilisationBands()
}

test.each(Object.keys(SIGHTS))('the classes of each palette stay apart: %s', name => {
  const sight = SIGHTS[name] ?? []
  for (const [palette, bands] of Object.entries(PALETTES)) {
    bands.forEach((a, i) => bands.slice(i + 1).forEach((b, j) => {
      // Those with another pattern are told apart by it.
      if (a.pattern !== b.pattern) return
      // A difference of 2 can be seen, 10 at a glance.
      expect(difference(lab(a.colour, sight), lab(b.colour, sight)), `${palette}: ${i} and ${i + 1 + j}`).toBeGreaterThan(9)
    }))
  }
})
