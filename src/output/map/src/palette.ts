/**
 * Colours and classes. The colours are those of ColorBrewer (Cynthia Brewer, Pennsylvania State University,
 * https://colorbrewer2.org): Blues within the standard, Oranges beyond it, Purples for amounts, PuOr for changes, Greens
 * and the dark end of RdPu for loads; each is named there as safe for colour-blind readers, and `tests/palette.test.ts` checks it again for the classes as
 * they meet here. No class is told by its colour alone: beyond the standard is dotted, "not reached" and "no data" are
 * hatched, areas carry their value as a number.
 */
import { UNREACHED_S, type Cells } from './decode'
import type { Standard } from './types'

export type Colouring = 'time' | 'people' | 'served'
export const COLOURINGS: Colouring[] = ['time', 'people', 'served']

/** Up to eight classes a colouring; class 0 is not drawn. */
export const MAX_CLASSES = 8

export type Pattern = 'plain' | 'dotted' | 'hatched'

export const HATCH = '#6b7280'
export const WITHIN = ['#08519c', '#4292c6', '#9ecae1'] as const
export const BEYOND = ['#fdae6b', '#d94801'] as const
const PEOPLE = ['#dadaeb', '#bcbddc', '#9e9ac8', '#756bb1', '#54278f']
/** From a loss over no change to a gain. */
const CHANGE = ['#b35806', '#f1a340', '#f7f7f7', '#d8daeb', '#998ec3', '#542788']
const SHARE = [BEYOND[1], BEYOND[0], WITHIN[2], WITHIN[1], WITHIN[0]]
const UTILISATION = ['#e5f5e0', '#a1d99b', '#238b45', '#ae017e']

/** One class, from `from` (exclusive, or null) to `to` (inclusive, or null). */
export interface ClassBand {
  colour: string
  from: number | null
  to: number | null
  pattern: Pattern
}

/** Bands between rising limits; one colour more than limits. */
function bandsBetween(limits: readonly number[], colours: readonly string[], pattern: (i: number) => Pattern = () => 'plain'): ClassBand[] {
  return colours.map((colour, i) => ({
    colour, from: i === 0 ? null : (limits[i - 1] ?? null), to: limits[i] ?? null, pattern: pattern(i)
  }))
}

const NO_DATA: ClassBand = { colour: HATCH, from: null, to: null, pattern: 'hatched' }

/** The index of the band that holds a value; that of the hatched last band for null, -1 where there is none. */
export function bandOf(bands: readonly ClassBand[], value: number | null | undefined): number {
  if (value === null || value === undefined || Number.isNaN(value)) return bands.findIndex(band => band.pattern === 'hatched')
  return bands.findIndex(band => band.pattern !== 'hatched' && value <= (band.to ?? Infinity))
}

/** Upper limits in seconds of the travel-time classes: a third, two thirds, the whole and half as much again. */
export function timeLimitsS(standard: Standard): number[] {
  const limit = (standard.minutes > 0 ? standard.minutes : 30) * 60
  return [limit / 3, (2 * limit) / 3, limit, 1.5 * limit]
}

/** The bands of travel time in seconds, the last one for what reaches no agent. */
export function timeBands(standard: Standard): ClassBand[] {
  const colours = [...WITHIN, ...BEYOND]
  return [...bandsBetween(timeLimitsS(standard), colours, i => (i >= WITHIN.length ? 'dotted' : 'plain')), NO_DATA]
}

/** Areas reach farther beyond the standard than most cells do: one class more, from three times the standard on. */
const FAR = '#7f2704'

/** The bands of a travel time of whole areas in seconds, the last one for no data. */
export function areaTimeBands(standard: Standard): ClassBand[] {
  const limits = timeLimitsS(standard)
  const colours = [...WITHIN, ...BEYOND, FAR]
  return [...bandsBetween([...limits, 2 * (limits.at(-1) ?? 0)], colours, i => (i >= WITHIN.length ? 'dotted' : 'plain')), NO_DATA]
}

/** The nearest number of the form 1, 2 or 5 times a power of ten. */
export function roundTo125(value: number): number {
  if (!(value > 0)) return 0
  const power = 10 ** Math.floor(Math.log10(value))
  const first = value / power
  const round = first < 1.5 ? 1 : first < 3.5 ? 2 : first < 7.5 ? 5 : 10
  return round * power
}

/** Bands of amounts between those of the given limits that are above all before them, once rounded. */
function amountBands(limits: readonly number[], round = roundTo125): ClassBand[] {
  const rising: number[] = []
  for (const limit of limits.map(round).sort((a, b) => a - b)) if (limit > (rising.at(-1) ?? 0)) rising.push(limit)
  // With fewer classes, take the colours from the dark end, so that few classes stay well apart.
  return bandsBetween(rising, PEOPLE.slice(PEOPLE.length - rising.length - 1))
}

/** Bands of amounts at round numbers near the quintiles of those above zero. */
export function peopleBands(amounts: Float32Array | number[]): ClassBand[] {
  const positive = Float64Array.from(amounts).filter(p => p > 0).sort()
  return amountBands([0.2, 0.4, 0.6, 0.8].map(share => positive[Math.floor(positive.length * share)] ?? 0))
}

/** Bands of the people of whole areas, which differ less than cells: quintiles at one leading digit. */
export function areaPeopleBands(amounts: number[]): ClassBand[] {
  const positive = amounts.filter(p => p > 0).sort((a, b) => a - b)
  const limits = [0.2, 0.4, 0.6, 0.8].map(share => positive[Math.floor(positive.length * share)] ?? 0)
  return [...amountBands(limits, value => Number(value.toPrecision(1))), NO_DATA]
}

/**
 * Bands of densities at round numbers: two limits where a third and two thirds of the places lie below, and two where a
 * third and two thirds of the people do, so that thinly and densely peopled parts both show their differences.
 */
export function crowdBands(densities: Float32Array | number[]): ClassBand[] {
  const positive = Float64Array.from(densities).filter(p => p > 0).sort()
  const total = positive.reduce((sum, p) => sum + p, 0)
  const byPeople = (share: number): number => {
    let sum = 0
    return positive.find(p => (sum += p) > share * total) ?? 0
  }
  const byPlaces = (share: number) => positive[Math.floor(positive.length * share)] ?? 0
  return amountBands([byPlaces(1 / 3), byPlaces(2 / 3), byPeople(1 / 3), byPeople(2 / 3)])
}

/** The bands of the share of a cell that is served: none, less than half, half and more, all. */
export function servedBands(): ClassBand[] {
  const colours = [BEYOND[1], BEYOND[0], WITHIN[2], WITHIN[0]]
  return colours.map((colour, i) => ({ colour, from: null, to: null, pattern: i < 2 ? 'dotted' : 'plain' }))
}

/** Limits of the share of an area's people who are served; the last stands for everybody. */
export const SHARE_LIMITS = [0.5, 0.8, 0.95, 1 - 1e-9] as const
export const shareBands = (): ClassBand[] =>
  [...bandsBetween(SHARE_LIMITS, SHARE, i => (i < 2 ? 'dotted' : 'plain')), NO_DATA]

/** Limits of the change of a share: half a percentage point counts as unchanged. */
export const CHANGE_LIMITS = [-0.05, -0.005, 0.005, 0.05, 0.2] as const
export const changeBands = (): ClassBand[] =>
  [...bandsBetween(CHANGE_LIMITS, CHANGE, i => (i < 2 ? 'dotted' : 'plain')), NO_DATA]

/** Limits of the dossiers of a day over the most an agent can do; above the last it overflows. */
export const UTILISATION_LIMITS = [0.5, 0.85, 1] as const
export const utilisationBands = (): ClassBand[] => bandsBetween(UTILISATION_LIMITS, UTILISATION)

const KM_PER_DEGREE = 111.195

/** The area of a cell in square kilometres, at the latitude of the first one: the cells of a run are of one size. */
export function cellKm2(cells: Cells): number {
  const shrink = Math.cos(((cells.lat[0] ?? 0) * Math.PI) / 180)
  return 4 * cells.halfLon * cells.halfLat * KM_PER_DEGREE ** 2 * shrink
}

const densityBandsOf = new WeakMap<Cells, ClassBand[]>()

/** The bands of people a square kilometre. */
export function densityBands(cells: Cells): ClassBand[] {
  let bands = densityBandsOf.get(cells)
  if (!bands) {
    const km2 = cellKm2(cells)
    bands = crowdBands(cells.persons.map(persons => persons / km2))
    densityBandsOf.set(cells, bands)
  }
  return bands
}

/** The bands of a colouring of the cells, in the order of the legend. */
export function cellBands(cells: Cells, colouring: Colouring, standard: Standard): ClassBand[] {
  if (colouring === 'people') return densityBands(cells)
  return colouring === 'served' ? servedBands() : timeBands(standard)
}

/** The class of each cell, from 1; 0 where nothing is drawn, because nobody lives there. */
export function classify(cells: Cells, colouring: Colouring, phase: number, standard: Standard): Uint8Array {
  const out = new Uint8Array(cells.count)
  if (colouring === 'people') {
    const km2 = cellKm2(cells)
    const limits = densityBands(cells).map(band => band.to ?? Infinity)
    for (let i = 0; i < cells.count; i++) {
      const density = (cells.persons[i] ?? 0) / km2
      let band = 0
      while (density > (limits[band] ?? Infinity)) band++
      out[i] = density > 0 ? 1 + band : 0
    }
    return out
  }
  if (colouring === 'served') {
    const covered = cells.covered[phase]
    for (let i = 0; i < cells.count; i++) {
      const share = covered?.[i] ?? 0
      out[i] = share === 0 ? 1 : share < 128 ? 2 : share < 255 ? 3 : 4
    }
    return out
  }
  const [a = 0, b = 0, c = 0, d = 0] = timeLimitsS(standard)
  const times = cells.timeS[phase]
  for (let i = 0; i < cells.count; i++) {
    const time = times?.[i] ?? UNREACHED_S
    out[i] = time === UNREACHED_S ? 6 : time <= a ? 1 : time <= b ? 2 : time <= c ? 3 : time <= d ? 4 : 5
  }
  return out
}

/** Red, green and blue from 0 to 1. */
export function rgb(hex: string): [number, number, number] {
  const value = parseInt(hex.slice(1), 16)
  return [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255]
}
