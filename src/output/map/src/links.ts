/** What is picked, as a short text for the address: sites by their ids, areas by their codes, cells by where they are. */
import { boundaryAt, cellAt } from './map/pick'
import type { Run } from './run'
import type { Selection } from './selection'

const coordinates = (lon: number, lat: number): string => `${lat.toFixed(5)},${lon.toFixed(5)}`

/** The text of a selection; null when it points at nothing. */
export function linkOf(run: Run, selection: Selection): string | null {
  switch (selection.kind) {
    case 'agent':
    case 'candidate': {
      const site = (selection.kind === 'agent' ? run.agents : run.candidates)[selection.index]
      return site ? `${selection.kind}:${site.id}` : null
    }
    case 'boundary': {
      const layer = run.boundaries[selection.layer]
      const area = layer?.features.features[selection.index]
      return layer && area ? `area:${encodeURIComponent(layer.layer)}:${area.properties.code}` : null
    }
    case 'cell':
      return `cell:${coordinates(run.cells.lon[selection.index] ?? NaN, run.cells.lat[selection.index] ?? NaN)}`
    case 'point':
      return `point:${coordinates(selection.lon, selection.lat)}`
    default:
      return `${selection.kind}:${selection.index + 1}`
  }
}

function indexOf(text: string, count: number): number {
  const number = Number(text)
  return Number.isInteger(number) && number >= 1 && number <= count ? number - 1 : -1
}

/** The selection that a text names in this run; null when there is none. */
export function selectionOf(run: Run, link: string): Selection | null {
  const at = link.indexOf(':')
  const [kind, rest] = [link.slice(0, Math.max(at, 0)), link.slice(at + 1)]
  if (kind === 'agent' || kind === 'candidate') {
    const index = (kind === 'agent' ? run.agents : run.candidates).findIndex(site => site.id === rest)
    return index >= 0 ? { kind, index } : null
  }
  if (kind === 'area') {
    const colon = rest.indexOf(':')
    const [id, code] = [rest.slice(0, Math.max(colon, 0)), rest.slice(colon + 1)]
    const layer = run.boundaries.findIndex(boundary => encodeURIComponent(boundary.layer) === id)
    const index = run.boundaries[layer]?.features.features.findIndex(({ properties }) => properties.code === code) ?? -1
    return index >= 0 ? { kind: 'boundary', layer, index } : null
  }
  if (kind === 'cell' || kind === 'point') {
    const [lat = NaN, lon = NaN, more] = rest.split(',').map(part => (part.trim() === '' ? NaN : Number(part)))
    if (more !== undefined || !(Math.abs(lat) <= 90) || !(Math.abs(lon) <= 180)) return null
    if (kind === 'point') return { kind, lon, lat }
    const index = cellAt(run.cells, lon, lat)
    return index >= 0 ? { kind, index } : null
  }
  const counts = { office: run.offices.length, uncovered: run.uncovered.length, place: run.places.count }
  if (kind !== 'office' && kind !== 'uncovered' && kind !== 'place') return null
  const index = indexOf(rest, counts[kind])
  return index >= 0 ? { kind, index } : null
}

/** Where something is; areas have no point of their own. */
export function pointOf(run: Run, selection: Selection): { lon: number; lat: number } | null {
  const at = (lon: number | undefined, lat: number | undefined) => (lon === undefined || lat === undefined ? null : { lon, lat })
  switch (selection.kind) {
    case 'point': return selection
    case 'boundary': return null
    case 'cell': return at(run.cells.lon[selection.index], run.cells.lat[selection.index])
    case 'place': return at(run.places.lon[selection.index], run.places.lat[selection.index])
    default: {
      const lists = { agent: run.agents, candidate: run.candidates, office: run.offices, uncovered: run.uncovered }
      return lists[selection.kind][selection.index] ?? null
    }
  }
}

/** The same thing in another run: sites by id, areas by code, all else by where it is. Null where it has none. */
export function counterpart(run: Run, other: Run, selection: Selection): Selection | null {
  if (selection.kind === 'agent' || selection.kind === 'candidate') {
    const id = (selection.kind === 'agent' ? run.agents : run.candidates)[selection.index]?.id
    const agent = other.agents.findIndex(site => site.id === id)
    if (agent >= 0) return { kind: 'agent', index: agent }
    const candidate = other.candidates.findIndex(site => site.id === id)
    return candidate >= 0 ? { kind: 'candidate', index: candidate } : null
  }
  if (selection.kind === 'boundary') {
    const link = linkOf(run, selection)
    return link === null ? null : selectionOf(other, link)
  }
  const point = pointOf(run, selection)
  return point && { kind: 'point', ...point }
}

/** The commune of a point: the area of the first layer, -1 for none. */
export const communeAt = (run: Run, lon: number, lat: number): number => (run.boundaries[0] ? boundaryAt(run.boundaries[0], lon, lat) : -1)
