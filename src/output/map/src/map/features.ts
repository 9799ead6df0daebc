/** What the map draws, as GeoJSON. Names and numbers go into properties; all drawing is decided in `style.ts`. */
import type { Feature, FeatureCollection, MultiLineString, Point } from 'geojson'
import { decodePolyline } from '../decode'
import { Format } from '../format'
import { bandOf, utilisationBands, type ClassBand } from '../palette'
import type { Run } from '../run'
import { fold, type Language } from '../strings'
import type { BoundaryLayer, BoundaryProperties, RoadClass } from '../types'
import { agentState, loadBand, loadRadius, mostDossiers, overflows } from './agents'
import { labelPoint } from './geometry'
import { indicatorValue, measureOf, type Indicator } from './indicators'
import { bandLook, PLACE_LOOKS } from './looks'

export const collection = <F extends Feature>(features: F[]) => ({ type: 'FeatureCollection' as const, features })

const point = (lon: number, lat: number, properties: object): Feature<Point> => ({
  type: 'Feature', geometry: { type: 'Point', coordinates: [lon, lat] }, properties
})

const lines = (encoded: string[]) => encoded.map(decodePolyline).filter(line => line.length > 1)

/** An area of encoded rings, the outer one first. */
const rings = (encoded: string[]) => encoded.map(decodePolyline).filter(ring => ring.length > 3)

const areas = (encoded: string[][]): Feature[] =>
  encoded.map(rings).filter(found => found.length > 0)
    .map(coordinates => ({ type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates } }))

const lineFeature = (encoded: string[], properties: object = {}): Feature<MultiLineString> => ({
  type: 'Feature', properties, geometry: { type: 'MultiLineString', coordinates: lines(encoded) }
})

/** The classes that are drawn only from near; they are most of the roads, so the map gets them later. */
export const STREETS: ReadonlySet<RoadClass> = new Set(['residential', 'other'])

export const roadFeatures = (run: Run, streets: boolean): FeatureCollection<MultiLineString> =>
  collection(run.roads.filter(roads => STREETS.has(roads.class) === streets).map(roads => lineFeature(roads.lines, { class: roads.class })))

export const waterFeatures = (run: Run): FeatureCollection => collection([...areas(run.water.areas), lineFeature(run.water.lines)])
export const parkFeatures = (run: Run): FeatureCollection => collection(areas(run.parks))
export const railFeatures = (run: Run): FeatureCollection => collection([lineFeature(run.rail)])

/** A commune's name without what kind of unit it is, as a search compares it. */
const bareName = (name: string) => fold(name).replace(/^(phuong|xa|thi tran|thi xa|quan|huyen|thanh pho|tp\.?|dac khu)\s+/, '')

/** The settlements and waters whose names are drawn; `twin` where an area of the first boundary layer has the same name. */
export function placeFeatures(run: Run): FeatureCollection<Point> {
  const { kind, name, lon, lat, count } = run.places
  const areaNames = new Set(run.boundaries[0]?.features.features.map(feature => bareName(feature.properties.name)))
  const out: Feature<Point>[] = []
  for (let i = 0; i < count; i++) {
    const which = kind[i] ?? 'other'
    if (PLACE_LOOKS[which].from === null) continue
    const label = name[i] ?? ''
    out.push(point(lon[i] ?? 0, lat[i] ?? 0, { kind: which, name: label, rank: i, twin: areaNames.has(bareName(label)) }))
  }
  return collection(out)
}

/** The widest band first, so that the nearer ones lie on it. */
export function isochroneFeatures(run: Run): FeatureCollection {
  return collection([...run.isochrones].sort((a, b) => b.minutes - a.minutes).map(({ geometry, phase, minutes }): Feature => ({
    type: 'Feature', geometry, properties: { phase, minutes, colour: bandLook(minutes, run.standard.minutes).colour }
  })))
}

/** The agents as they are in a phase. What stands is drawn over what does not. */
export function agentFeatures(run: Run, phase: number): FeatureCollection<Point> {
  const order = { closed: 0, 'opens-later': 1, 'opened-before': 2, fixed: 3, 'opened-now': 4 }
  return collection(run.agents.map((agent, index) => {
    const icon = agentState(agent, phase)
    return point(agent.lon, agent.lat, { index, name: agent.name, icon, order: order[icon], stands: order[icon] > 1 })
  }))
}

/** The load of each agent in a phase. */
export function loadFeatures(run: Run, phase: number): FeatureCollection<Point> {
  const most = mostDossiers(run.agents)
  const bands = utilisationBands()
  return collection(run.agents.flatMap((agent, index) => {
    const load = agent.loads[phase]
    if (!load) return []
    const radius = loadRadius(load.dossiers_per_day, most)
    return point(agent.lon, agent.lat, { index, radius, colour: bands[loadBand(load)]?.colour, overflow: overflows(load) })
  }))
}

export const candidateFeatures = (run: Run): FeatureCollection<Point> =>
  collection(run.candidates.map(({ lon, lat, status, proposed }, index) => point(lon, lat, { index, icon: proposed ? 'proposed' : status })))

export const officeFeatures = (run: Run): FeatureCollection<Point> =>
  collection(run.offices.map(({ lon, lat }, index) => point(lon, lat, { index })))

/** The places out of reach, and the new points that would help, joined by a line. */
export function uncoveredFeatures(run: Run): FeatureCollection {
  return collection(run.uncovered.flatMap(({ lon, lat, new_point: help }, index): Feature[] => [
    { type: 'Feature', properties: {}, geometry: { type: 'LineString', coordinates: [[lon, lat], [help.lon, help.lat]] } },
    point(help.lon, help.lat, { index, icon: 'new-point', order: 0 }),
    point(lon, lat, { index, icon: 'uncovered', order: 1 })
  ]))
}

export function areaFeatures(layer: BoundaryLayer): FeatureCollection {
  return collection(layer.features.features.map((f, index): Feature => ({ type: 'Feature', geometry: f.geometry, properties: { index } })))
}

const labelPoints = new WeakMap<BoundaryLayer, ([number, number] | null)[]>()

/** A point for each area of a layer with the properties that `of` gives it. */
export function namePoints(layer: BoundaryLayer, of: (area: BoundaryProperties, index: number) => object): FeatureCollection<Point> {
  let places = labelPoints.get(layer)
  if (!places) {
    places = layer.features.features.map(feature => labelPoint(feature.geometry))
    labelPoints.set(layer, places)
  }
  return collection(layer.features.features.flatMap((feature, index) => {
    const at = places[index]
    const { name, persons } = feature.properties
    return at ? point(at[0], at[1], { index, name, persons: persons ?? 0, ...of(feature.properties, index) }) : []
  }))
}

/** The value of an area as it is written on the map. */
export function valueLabel(value: number | null, indicator: Indicator, lang: Language): string {
  const format = new Format(lang)
  if (value === null) return '–'
  switch (measureOf(indicator)) {
    case 'share': return format.share(value, 0)
    case 'people': return format.count(value)
    // In whole points; the legend names the unit.
    case 'points': return format.change(value * 100)
    // Short, so that more of them find room: the sign for minutes is the same in both languages.
    case 'time': return `${format.decimal(value / 60, 0)}′`
  }
}

/** For each area of the first layer the index of its class, -1 where there is none. */
export function areaClasses(run: Run, bands: ClassBand[], indicator: Indicator, phase: number): number[] {
  return (run.boundaries[0]?.features.features ?? []).map(f => bandOf(bands, indicatorValue(f.properties, indicator, phase)))
}
