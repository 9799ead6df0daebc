/**
 * Colours and classes. Blue is within the standard, orange beyond it, grey hatching is "not reached": the three stay
 * apart for people with any of the common kinds of colour blindness, and in grey print by lightness.
 */
import { UNREACHED_S, type Cells } from './decode'
import type { Standard } from './types'

export type Colouring = 'time' | 'people' | 'served'
export const COLOURINGS: Colouring[] = ['time', 'people', 'served']

/** Up to eight classes a colouring; class 0 is not drawn. */
export const MAX_CLASSES = 8

export const HATCH = '#6b7280'
export const WITHIN = ['#14478a', '#4a90c8', '#a9d3e8'] as const
export const BEYOND = ['#f3b562', '#c2501a'] as const
const PEOPLE = ['#eae2f3', '#c9b3de', '#a07fc4', '#74499f', '#441f6f']
const SERVED = ['#c2501a', '#f3b562', '#a9d3e8', '#14478a']

/** One class of a colouring, from `from` (exclusive, or null) to `to` (inclusive, or null). */
export interface ClassBand {
  colour: string
  from: number | null
  to: number | null
  hatched?: boolean
}

/** Upper limits in seconds of the travel-time classes: a third, two thirds, the whole and half as much again. */
export function timeLimitsS(standard: Standard): number[] {
  const limit = (standard.minutes > 0 ? standard.minutes : 30) * 60
  return [limit / 3, (2 * limit) / 3, limit, 1.5 * limit]
}

/** The bands of travel time in seconds, the last one for cells that reach no agent. */
export function timeBands(standard: Standard): ClassBand[] {
  const limits = timeLimitsS(standard)
  const colours = [...WITHIN, ...BEYOND]
  const bands: ClassBand[] = colours.map((colour, i) => ({
    colour,
    from: i === 0 ? null : (limits[i - 1] ?? null),
    to: limits[i] ?? null
  }))
  return [...bands, { colour: HATCH, from: null, to: null, hatched: true }]
}

/** The nearest number of the form 1, 2 or 5 times a power of ten. */
export function roundTo125(value: number): number {
  if (!(value > 0)) return 0
  const power = 10 ** Math.floor(Math.log10(value))
  const first = value / power
  const round = first < 1.5 ? 1 : first < 3.5 ? 2 : first < 7.5 ? 5 : 10
  return round * power
}

/** Bands of people a cell at round numbers near the quintiles of the inhabited cells. */
export function peopleBands(persons: Float32Array): ClassBand[] {
  const inhabited = persons.filter(p => p > 0).sort()
  const limits: number[] = []
  for (const share of [0.2, 0.4, 0.6, 0.8]) {
    const limit = roundTo125(inhabited[Math.floor(inhabited.length * share)] ?? 0)
    if (limit > (limits.at(-1) ?? 0)) limits.push(limit)
  }
  // With fewer classes, take the colours from the dark end, so that few classes stay well apart.
  const colours = PEOPLE.slice(PEOPLE.length - limits.length - 1)
  return colours.map((colour, i) => ({ colour, from: i === 0 ? null : (limits[i - 1] ?? null), to: limits[i] ?? null }))
}

/** The bands of the share served: none, less than half, half and more, all. */
export function servedBands(): ClassBand[] {
  return SERVED.map(colour => ({ colour, from: null, to: null }))
}

/** The class of each cell, from 1; 0 where nothing is drawn, because nobody lives there. */
export function classify(cells: Cells, colouring: Colouring, phase: number, standard: Standard): Uint8Array {
  const out = new Uint8Array(cells.count)
  if (colouring === 'people') {
    const limits = peopleBands(cells.persons).map(band => band.to ?? Infinity)
    for (let i = 0; i < cells.count; i++) {
      const persons = cells.persons[i] ?? 0
      out[i] = persons > 0 ? 1 + limits.findIndex(limit => persons <= limit) : 0
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
  const limits = [...timeLimitsS(standard), Infinity]
  const times = cells.timeS[phase]
  for (let i = 0; i < cells.count; i++) {
    const time = times?.[i] ?? UNREACHED_S
    out[i] = time === UNREACHED_S ? limits.length + 1 : 1 + limits.findIndex(limit => time <= limit)
  }
  return out
}

/** Red, green and blue from 0 to 1. */
export function rgb(hex: string): [number, number, number] {
  const value = parseInt(hex.slice(1), 16)
  return [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255]
}
