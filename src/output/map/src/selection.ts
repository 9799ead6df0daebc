/** What the viewer has picked on the map, in a list or by searching. Indices are those of the run's arrays. */
export type Selection =
  | { kind: 'agent' | 'candidate' | 'office' | 'uncovered' | 'cell' | 'place'; index: number }
  | { kind: 'boundary'; layer: number; index: number }
  | { kind: 'point'; lon: number; lat: number }
