/**
 * What the run puts into the page, as JSON. Every text in it may come from an input file and is untrusted: it is
 * shown with `textContent` only. Longitude first, WGS 84; times in seconds, distances in metres.
 */
import type { FeatureCollection, Geometry, MultiPolygon, Polygon } from 'geojson'

/** One text in both languages of the page. */
export interface Bilingual {
  vi: string
  en: string
}

export type Rule = 'either' | 'both' | 'time' | 'radius'

/** How far an agent may be from the people it serves. Both limits are inclusive. */
export interface Standard {
  minutes: number
  radius_m: number
  rule: Rule
}

/** A way of travelling; `share` is its share of the people, 0 to 1. */
export interface Mode {
  id: string
  name: Bilingual
  share: number
}

/** The indicators of one phase. Shares are 0 to 1. */
export interface Phase {
  name: Bilingual
  /** ISO dates; `ends` is null when the phase is open-ended. */
  starts: string | null
  ends: string | null
  /** Agents opened in this phase, and open at its end. */
  opened: number
  agents: number
  persons: number
  covered: number
  covered_share: number
  scope: Bilingual | null
  scope_persons?: number | null
  scope_covered_share?: number | null
  mean_time_s: number | null
  worst_time_s: number | null
  objective: number | null
  bound: number | null
  gap: number | null
  status: string
  objective_unit: string
}

/** A chosen site. */
export interface Agent {
  id: string
  name: string
  lon: number
  lat: number
  /** The phase in which it opens, from 0. */
  phase: number
  /** It stands already. */
  fixed: boolean
  order: number | null
  persons_nearest: number | null
  persons_marginal: number | null
  why: Bilingual | null
}

export type CandidateStatus = 'eligible' | 'refused' | 'review'

/** A site that was not chosen. */
export interface Candidate {
  id: string
  name: string
  lon: number
  lat: number
  status: CandidateStatus
  why: Bilingual | null
}

/** The demand cells, packed: little-endian arrays in base64. */
export interface PackedCells {
  count: number
  half_lon: number
  half_lat: number
  /** Int32, 1e-6 degrees, the cell's centre. */
  lon: string
  lat: string
  /** Float32. */
  persons: string
  /** Int16, index into the features of the first boundary layer, -1 for none. */
  boundary: string
  /** Uint16 for each phase: seconds to the nearest agent by the most used mode, 65535 for none. */
  time_s: string[]
  /** Uint8 for each phase: share of the cell's people covered, times 255. */
  covered: string[]
}

export const ROAD_CLASSES = ['motorway', 'trunk', 'primary', 'secondary', 'tertiary', 'residential', 'other'] as const
export type RoadClass = (typeof ROAD_CLASSES)[number]

/** Roads of one class as encoded polylines of precision 5. */
export interface Roads {
  class: RoadClass
  lines: string[]
}

export interface BoundaryPhase {
  covered_share: number | null
  mean_time_s: number | null
  worst_time_s: number | null
}

export interface BoundaryProperties {
  code: string
  name: string
  persons: number | null
  phases?: (BoundaryPhase | null)[]
}

export interface BoundaryLayer {
  layer: string
  name: Bilingual
  features: FeatureCollection<Polygon | MultiPolygon, BoundaryProperties>
}

export interface Isochrone {
  phase: number
  minutes: number
  geometry: MultiPolygon | Polygon
}

/** A place whose people are out of reach after the last phase. */
export interface Uncovered {
  name: string
  lon: number
  lat: number
  persons: number
  nearest_agent_m: number | null
  nearest_candidate_m: number | null
}

/** The whole of the data, as written by gandan. */
export interface RunJson {
  format: number
  version: string
  title: Bilingual
  synthetic: boolean
  attribution: string[]
  notes: Bilingual[]
  bounds: [number, number, number, number]
  standard: Standard
  modes: Mode[]
  phases: Phase[]
  agents: Agent[]
  candidates: Candidate[]
  cells: PackedCells
  roads: Roads[]
  water: FeatureCollection<Geometry>
  boundaries: BoundaryLayer[]
  isochrones: Isochrone[]
  uncovered: Uncovered[]
}
