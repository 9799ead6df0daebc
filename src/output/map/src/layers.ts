/** The layers a viewer can turn on and off, and what of the view a map follows. */
import type { Indicator } from './map/indicators'
import type { Colouring } from './palette'
import type { Run } from './run'
import type { Position } from './state'
import type { Language } from './strings'

/** Which part of a view the map draws. */
export interface MapState {
  lang: Language
  /** From 0. */
  phase: number
  colouring: Colouring
  /** What the colour of the areas means; the share served when left out. */
  indicator?: Indicator
  /** Ids of the layers shown. */
  layers: readonly string[]
  /** Null until the map was moved: the whole area is shown. */
  position: Position | null
}

/** The id of the n-th boundary layer of the data. */
export const boundaryId = (n: number): string => `boundary${n}`

export type LayerGroup = 'agents' | 'results' | 'background'

const ON_AT_FIRST = new Set([
  'agents', 'offices', 'uncovered', 'cells', 'boundary0', 'places', 'roads', 'rail', 'water', 'parks'
])

/** All layer ids of a run in groups, in the order of the panel. Online tiles only where the run offers them. */
export function layerGroups(run: Pick<Run, 'boundaries' | 'tiles'>): { group: LayerGroup; ids: string[] }[] {
  const boundaries = run.boundaries.map((_, n) => boundaryId(n))
  return [
    { group: 'agents', ids: ['agents', 'load', 'offices', 'candidates', 'uncovered'] },
    { group: 'results', ids: ['cells', 'indicators', 'isochrones'] },
    {
      group: 'background',
      ids: [...boundaries, 'places', 'roads', 'rail', 'water', 'parks', ...(run.tiles === null ? [] : ['tiles'])]
    }
  ]
}

/** All layer ids of a run, in the order of the panel. */
export function layerIds(run: Pick<Run, 'boundaries' | 'tiles'>): string[] {
  return layerGroups(run).flatMap(({ ids }) => ids)
}

/** The layers shown when the address does not say. */
export function firstLayers(run: Pick<Run, 'boundaries' | 'tiles'>): string[] {
  return layerIds(run).filter(id => ON_AT_FIRST.has(id))
}
