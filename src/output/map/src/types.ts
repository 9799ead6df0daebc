/**
 * What the run puts into the page, as JSON. Every text in it may come from an input file and is untrusted: it is
 * shown with `textContent` only. Longitude first, WGS 84; times in seconds, distances in metres.
 */
import type { FeatureCollection, MultiPolygon, Polygon } from 'geojson'

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

export const SOURCE_KINDS = [
  'roads', 'population', 'official-population', 'boundaries', 'sites', 'services', 'speeds', 'other'
] as const
export type SourceKind = (typeof SOURCE_KINDS)[number]

/** Where a part of the data comes from. `date` is an ISO date, or only its year or month. */
export interface Source {
  of: SourceKind
  name: Bilingual
  date: string | null
  licence: string | null
  url: string | null
}

/** What a phase was asked to do. */
export type Opens = 'nothing' | 'most-people' | 'worst-first' | 'fewest-for-all'

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
  opens: Opens
  /** People who reach an agent by road. */
  reached: number | null
  median_time_s: number | null
  p90_time_s: number | null
  scope_mean_time_s: number | null
  worst_boundary_name: string | null
  worst_boundary_covered_share: number | null
  /** From here to `relief_share`: null where the scenario sets no capacity. */
  counters: number | null
  load_per_day: number | null
  overflow_per_day: number | null
  mean_wait_min: number | null
  persons_sent: number | null
  relief_share: number | null
  online_share: number
  dossiers_per_day: number
}

/** The indicators of the offices of today, by themselves. */
export interface Today {
  offices: number
  persons: number
  covered: number
  covered_share: number | null
  reached: number
  mean_time_s: number | null
  median_time_s: number | null
  p90_time_s: number | null
  worst_time_s: number | null
}

/** A one-stop office of today that is no agent of the plan. */
export interface Office {
  name: string
  lon: number
  lat: number
}

/** What an agent has to do in a phase. */
export interface Load {
  persons: number
  /** Of whom it is the nearest agent. */
  persons_nearest: number
  /** Its own whom it sends elsewhere, and others' whom it takes. */
  persons_sent: number
  persons_taken: number
  dossiers_per_day: number
  most_per_day: number
  overflow_per_day: number
  counters: number
  /** Dossiers a day over the most it can do; above 1 it overflows. */
  utilisation: number
  wait_min: number
}

/** What would be lost without an agent; null where it was not worked out. */
export interface Loss {
  /** At the end of the phase that opens it, and after the last phase. */
  persons_lost_first: number | null
  persons_lost: number | null
  extra_person_minutes: number | null
  persons_cut_off: number | null
  /** The site that would do best in its place. */
  exchange: string | null
  exchange_name: string | null
  exchange_persons: number | null
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
  /** The phase from whose start on it stands no more. */
  closes: number | null
  /** Index into the features of the first boundary layer, -1 for none. */
  boundary: number
  persons_in_reach: number
  loss: Loss | null
  /** One a phase, null while it does not stand; empty where the scenario sets no capacity. */
  loads: (Load | null)[]
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
  /** A new point that the run proposes, not a site of the inputs. */
  proposed: boolean
  /** Index into the features of the first boundary layer, -1 for none. */
  boundary: number
  persons_in_reach: number
}

/** A binary array in the blob behind the JSON: where it begins, in bytes, and how many values it has. */
export interface Packed {
  at: number
  length: number
}

/** What differs between the phases, for every cell. */
export interface PackedCellPhase {
  /** Uint16, differences: seconds to the nearest agent by the most used mode, 65535 for none. */
  time_s: Packed
  /** Uint8: share of the cell's people served, times 255. */
  covered: Packed
  /** Uint8: bit m is set where the people of mode m are served. */
  modes: Packed
  /** Uint16, differences: index of the nearest agent by the most used mode, 65535 for none. */
  agent: Packed
}

/** The demand cells, packed. */
export interface PackedCells {
  count: number
  half_lon: number
  half_lat: number
  /** Int32, differences: 1e-6 degrees, the cell's centre. */
  lon: Packed
  lat: Packed
  /** Uint32: thousandths of a person. */
  persons: Packed
  /** Int16, differences: index into the features of the first boundary layer, -1 for none. */
  boundary: Packed
  phases: PackedCellPhase[]
}

export const ROAD_CLASSES = ['motorway', 'trunk', 'primary', 'secondary', 'tertiary', 'residential', 'other'] as const
export type RoadClass = (typeof ROAD_CLASSES)[number]

/** Roads of one class as encoded polylines of precision 5. */
export interface Roads {
  class: RoadClass
  lines: string[]
}

/** Areas as rings, the outer one first, and lines; all encoded polylines of precision 5. */
export interface Water {
  areas: string[][]
  lines: string[]
}

export const PLACE_KINDS = [
  'city', 'town', 'suburb', 'quarter', 'village', 'hamlet', 'street', 'address', 'water', 'other'
] as const
export type PlaceKind = (typeof PLACE_KINDS)[number]

/** Named places, the more important ones first. */
export interface PackedPlaces {
  kind: PlaceKind[]
  name: string[]
  /** Int32, differences: 1e-5 degrees. */
  lon: Packed
  lat: Packed
}

/** The indicators of a boundary in a phase; null where unknown. */
export interface BoundaryPhase {
  covered: number | null
  covered_share: number | null
  mean_time_s: number | null
  p90_time_s: number | null
  worst_time_s: number | null
  agents: number | null
  counters: number | null
  overflow_per_day: number | null
}

export interface BoundaryToday {
  covered_share: number | null
  mean_time_s: number | null
}

export interface BoundaryProperties {
  code: string
  name: string
  persons: number | null
  /** Of the offices of today by themselves. */
  today: BoundaryToday | null
  phases: (BoundaryPhase | null)[]
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
  /** Of whom some candidate could serve. */
  persons_coverable: number
  /** What it would take. */
  help: Bilingual
  /** Where one more agent would serve most of them. */
  new_point: { lon: number; lat: number; persons: number }
}

/** The most people that so many agents serve, with the proven bound. */
export interface FrontierPoint {
  agents: number
  persons: number
  bound_persons: number
  share: number
}

/** The JSON part of the data, as written by gandan. */
export interface RunJson {
  format: number
  version: string
  title: Bilingual
  synthetic: boolean
  attribution: string[]
  notes: Bilingual[]
  sources: Source[]
  /** West, south, east, north. */
  bounds: [number, number, number, number]
  standard: Standard
  /** The most used one first. */
  modes: Mode[]
  /** Template of online tiles; null when none are offered. Loaded only when the viewer asks for them. */
  tiles: string | null
  phases: Phase[]
  today: Today | null
  offices: Office[]
  agents: Agent[]
  candidates: Candidate[]
  cells: PackedCells
  roads: Roads[]
  water: Water
  /** Areas as rings, the outer one first; encoded polylines of precision 5. */
  parks: string[][]
  rail: string[]
  places: PackedPlaces
  boundaries: BoundaryLayer[]
  isochrones: Isochrone[]
  uncovered: Uncovered[]
  frontier: FrontierPoint[] | null
}
