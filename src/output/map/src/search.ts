/** Finds communes and agents by name or code, whatever their marks and case. */
import type { Run } from './run'
import type { Selection } from './selection'
import { fold } from './strings'

export interface Entry {
  name: string
  /** What else is searched: an id or a code. */
  code: string
  selection: Selection
}

/** All that can be found in a run. */
export function entries(run: Run): Entry[] {
  const areas = run.boundaries.flatMap((layer, n) =>
    layer.features.features.map(({ properties: { name, code } }, index): Entry => ({
      name, code, selection: { kind: 'boundary', layer: n, index }
    }))
  )
  const agents = run.agents.map(({ name, id }, index): Entry => ({ name, code: id, selection: { kind: 'agent', index } }))
  return [...areas, ...agents]
}

/** How well a name fits: 0 from its start, 1 from the start of a word, 2 inside, null not at all. */
function rank(name: string, wanted: string): number | null {
  const at = name.indexOf(wanted)
  if (at < 0) return null
  if (at === 0) return 0
  return name.includes(` ${wanted}`) ? 1 : 2
}

/** The entries that fit best, at most `most`; none for an empty search. */
export function find(all: Entry[], query: string, most = 12): Entry[] {
  const wanted = fold(query)
  if (!wanted) return []
  const ranked = all.flatMap(entry => {
    const found = rank(fold(entry.name), wanted) ?? (fold(entry.code).startsWith(wanted) ? 3 : null)
    return found === null ? [] : [{ entry, found }]
  })
  return ranked.sort((a, b) => a.found - b.found).slice(0, most).map(({ entry }) => entry)
}
