/** What the run knows of a point: who serves it, how, since when, and what is missing where nobody does. Pure. */
import { NO_AGENT, UNREACHED_S } from './decode'
import { stands } from './map/agents'
import { cellAt, metresBetween } from './map/pick'
import type { Run } from './run'

/** How one phase serves a cell. */
export interface Service {
  /** Share of the cell's people, 0 to 1. */
  share: number
  /** Seconds to the nearest agent by the most used mode, null where none is reached. */
  timeS: number | null
  /** Index of that agent. */
  agent: number | null
  /** Bit m is set where mode m's people are served. */
  modes: number
  /** The agent nearest in a straight line, and how far it is. */
  nearest: { agent: number; metres: number } | null
  /** Which half of the standard is kept, for the most used mode. */
  byTime: boolean
  byRadius: boolean
}

export function serviceOf(run: Run, cell: number, phase: number): Service {
  const { cells, standard, agents } = run
  const time = cells.timeS[phase]?.[cell] ?? UNREACHED_S
  const agent = cells.agent[phase]?.[cell] ?? NO_AGENT
  const [lon, lat] = [cells.lon[cell] ?? 0, cells.lat[cell] ?? 0]
  let nearest: Service['nearest'] = null
  agents.forEach((one, index) => {
    if (!stands(one, phase)) return
    const metres = metresBetween(lon, lat, one.lon, one.lat)
    if (!nearest || metres < nearest.metres) nearest = { agent: index, metres }
  })
  const radius = (nearest as Service['nearest'])?.metres ?? Infinity
  return {
    share: (cells.covered[phase]?.[cell] ?? 0) / 255,
    timeS: time === UNREACHED_S ? null : time,
    agent: agent === NO_AGENT ? null : agent,
    modes: cells.modes[phase]?.[cell] ?? 0,
    nearest,
    byTime: time !== UNREACHED_S && time <= standard.minutes * 60,
    byRadius: radius <= standard.radius_m
  }
}

/** From which phase on a cell has been served without a break until `phase`; null where it is not served then. */
export function servedSince(run: Run, cell: number, phase: number): number | null {
  const served = (p: number) => (run.cells.covered[p]?.[cell] ?? 0) > 0
  if (!served(phase)) return null
  let since = phase
  while (since > 0 && served(since - 1)) since--
  return since
}

/** The first phase after `phase` that serves the cell; null where none does. */
export function servedFrom(run: Run, cell: number, phase: number): number | null {
  for (let p = phase + 1; p < run.phases.length; p++) if ((run.cells.covered[p]?.[cell] ?? 0) > 0) return p
  return null
}

/** The unserved place that most likely holds a point: the nearest one within `reach` metres, or -1. */
export function uncoveredNear(run: Run, lon: number, lat: number, reach = 5000): number {
  let best = -1
  let least = reach
  run.uncovered.forEach((place, i) => {
    const metres = metresBetween(lon, lat, place.lon, place.lat)
    if (metres <= least) [best, least] = [i, metres]
  })
  return best
}

/** The cell of a point or, where nobody lives there, the nearest one within `reach` metres; -1 for none. */
export function cellNear(run: Run, lon: number, lat: number, reach = 400): { cell: number; metres: number } {
  const inside = cellAt(run.cells, lon, lat)
  if (inside >= 0) return { cell: inside, metres: 0 }
  const { cells } = run
  let [cell, least] = [-1, reach]
  const span = reach / 80_000
  for (let i = 0; i < cells.count; i++) {
    const [x, y] = [cells.lon[i] ?? 0, cells.lat[i] ?? 0]
    if (Math.abs(x - lon) > span || Math.abs(y - lat) > span) continue
    const metres = metresBetween(lon, lat, x, y)
    if (metres <= least) [cell, least] = [i, metres]
  }
  return { cell, metres: cell < 0 ? Infinity : least }
}

/** Whom an agent is nearest to in a phase, by the areas of the first layer: the largest `most` and how many more. */
export function clientele(run: Run, agent: number, phase: number, most = 5) {
  const { cells } = run
  const nearest = cells.agent[phase]
  const sums = new Map<number, number>()
  let persons = 0
  for (let i = 0; i < cells.count; i++) {
    if (nearest?.[i] !== agent) continue
    const people = cells.persons[i] ?? 0
    persons += people
    const area = cells.boundary[i] ?? -1
    sums.set(area, (sums.get(area) ?? 0) + people)
  }
  const areas = [...sums].filter(([area, people]) => area >= 0 && people > 0).sort((a, b) => b[1] - a[1])
  return { persons, areas: areas.slice(0, most).map(([area, people]) => ({ area, people })), more: Math.max(0, areas.length - most) }
}
