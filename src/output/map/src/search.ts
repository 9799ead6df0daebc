/** Finds areas, sites, places and coordinates by name or code, whatever their marks and case. */
import type { Run } from './run'
import type { Selection } from './selection'
import { fold } from './strings'

/** Groups of what can be found, in the order of the list; `boundary0` and on are the boundary layers. */
export type Group = 'coordinates' | `boundary${number}` | 'agent' | 'office' | 'candidate' | 'settlement' | 'street' | 'address' | 'other'

/** One kind of things that can be found. Names and codes are folded when the index is made. */
export interface Shelf {
  group: Group
  names: readonly string[]
  folded: readonly string[]
  codes: readonly string[] | null
  selection: (index: number) => Selection
}

export interface Found {
  group: Group
  name: string
  selection: Selection
}

/** All names at once: far faster than one by one. */
function foldAll(names: readonly string[]): string[] {
  return names.length === 0 ? [] : fold(`.\n${names.map(name => name.replaceAll('\n', ' ')).join('\n')}\n.`).split('\n').slice(1, -1)
}

export function shelf(group: Group, names: readonly string[], codes: readonly string[] | null, selection: Shelf['selection']): Shelf {
  return { group, names, folded: foldAll(names), codes: codes && foldAll(codes), selection }
}

function placeShelves({ places }: Run): Shelf[] {
  const groups: [Group, (kind: string) => boolean][] = [
    ['settlement', kind => ['city', 'town', 'suburb', 'quarter', 'village', 'hamlet'].includes(kind)],
    ['street', kind => kind === 'street'],
    ['address', kind => kind === 'address'],
    ['other', kind => kind === 'water' || kind === 'other']
  ]
  return groups.map(([group, belongs]) => {
    const indices: number[] = []
    places.kind.forEach((kind, i) => belongs(kind) && indices.push(i))
    return shelf(group, indices.map(i => places.name[i] ?? ''), null, i => ({ kind: 'place', index: indices[i] ?? -1 }))
  })
}

/** All that can be found in a run. Takes some tenths of a second with 200,000 places, so make it once. */
export function shelves(run: Run): Shelf[] {
  return [
    ...run.boundaries.map(({ features: { features } }, layer) => shelf(
      `boundary${layer}`, features.map(f => f.properties.name), features.map(f => f.properties.code),
      index => ({ kind: 'boundary', layer, index })
    )),
    shelf('agent', run.agents.map(a => a.name), run.agents.map(a => a.id), index => ({ kind: 'agent', index })),
    shelf('office', run.offices.map(o => o.name), null, index => ({ kind: 'office', index })),
    shelf('candidate', run.candidates.map(c => c.name), run.candidates.map(c => c.id), index => ({ kind: 'candidate', index })),
    ...placeShelves(run)
  ]
}

/**
 * How well a name fits, both folded: 0 the whole, 1 from its start, 2 from the start of a word, 3 every word of the query
 * is a word of the name, 4 every one begins a word, 5 inside, null not at all.
 */
export function rank(name: string, wanted: string, words: readonly string[]): number | null {
  const at = name.indexOf(wanted)
  if (at === 0) return name.length === wanted.length ? 0 : 1
  if (at > 0 && (name[at - 1] === ' ' || name.includes(` ${wanted}`))) return 2
  if (words.length > 1 && words.every(word => name.startsWith(word) || name.includes(` ${word}`))) {
    const whole = ` ${name} `
    return words.every(word => whole.includes(` ${word} `)) ? 3 : 4
  }
  return at > 0 ? 5 : null
}

/** Reads "21.03, 105.85", "21,03; 105,85" or the like. Latitude first, unless only the other order can be meant. */
export function coordinatesOf(query: string): { lon: number; lat: number } | null {
  const parts = /^([+-]?\d{1,3}(?:\.\d+)?)[\s,;/]+([+-]?\d{1,3}(?:\.\d+)?)$/.exec(query.trim()) ??
    /^([+-]?\d{1,3},\d+)(?:\s*;\s*|\s*\/\s*|\s+|,\s+)([+-]?\d{1,3},\d+)$/.exec(query.trim())
  if (!parts) return null
  const [first = NaN, second = NaN] = parts.slice(1).map(part => Number(part.replace(',', '.')))
  const [lat, lon] = Math.abs(first) > 90 ? [second, first] : [first, second]
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? { lon, lat } : null
}

/** What fits best, at most `each` of a group, in the order of the groups. None for an empty query. */
export function find(all: readonly Shelf[], query: string, each = 6): Found[] {
  const wanted = fold(query).replace(/\s+/g, ' ')
  if (!wanted) return []
  const words = wanted.split(' ')
  const point = coordinatesOf(query)
  const found: Found[] = point ? [{ group: 'coordinates', name: '', selection: { kind: 'point', ...point } }] : []
  for (const { group, names, folded, codes, selection } of all) {
    // By rank; the lists are in order of importance, so within a rank the first ones are kept.
    const byRank: number[][] = [[], [], [], [], [], []]
    for (let i = 0; i < folded.length; i++) {
      const name = folded[i] ?? ''
      const fits = rank(name, wanted, words) ?? (codes?.[i]?.startsWith(wanted) ? 3 : null)
      const list = fits === null ? undefined : byRank[fits]
      if (list && list.length < each) list.push(i)
    }
    for (const i of byRank.flat().slice(0, each)) found.push({ group, name: names[i] ?? '', selection: selection(i) })
  }
  return found
}
