/** The layers a viewer can turn on and off. */
import type { Run } from './run'

export const FIXED_LAYERS = ['agents', 'uncovered', 'cells', 'isochrones', 'candidates', 'roads', 'water'] as const
const ON_AT_FIRST = new Set<string>(['agents', 'uncovered', 'cells', 'roads', 'water', 'boundary0'])

/** The id of the n-th boundary layer of the data. */
export const boundaryId = (n: number): string => `boundary${n}`

/** All layer ids of a run, in the order of the panel. */
export function layerIds(run: Run): string[] {
  const boundaries = run.boundaries.map((_, n) => boundaryId(n))
  return [...FIXED_LAYERS.slice(0, 5), ...boundaries, ...FIXED_LAYERS.slice(5)]
}

/** The layers shown when the address does not say. */
export function firstLayers(run: Run): string[] {
  return layerIds(run).filter(id => ON_AT_FIRST.has(id))
}
