/** What the viewer has picked on the map, in a list or by searching. Indices are those of the run's arrays. */
export type Selection =
  | { kind: 'agent' | 'candidate' | 'uncovered' | 'cell'; index: number }
  | { kind: 'boundary'; layer: number; index: number }
