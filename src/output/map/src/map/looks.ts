/** How the background and the lines look; shared by the map and its legends. */
import { BEYOND, WITHIN } from '../palette'
import type { PlaceKind, RoadClass } from '../types'

export const GROUND = '#f5f3ee'
/** Greyer than water mostly is, so that it is not taken for a class of the cells, which are blue. */
export const WATER = '#c8d1da'
export const WATER_LINE = '#8ea1b4'
export const WATER_NAME = '#2f6690'
export const PARK = '#dbe8cf'
export const RAIL = '#6f6a7a'

export interface RoadLook {
  colour: string
  casing: string
  /** Width in pixels at zoom 9, 12 and 16. */
  widths: readonly [number, number, number]
  /** The zoom from which the class is drawn, and from which it has an edge. */
  from: number
  edgeFrom: number
  legendWidth: number
}

/** Quiet greys and sands, so that they do not compete with the classes of the layers above them. */
export const ROAD_LOOKS: Record<RoadClass, RoadLook> = {
  motorway: { colour: '#e3c9a0', casing: '#8c7448', widths: [1.8, 3.4, 12], from: 0, edgeFrom: 0, legendWidth: 5 },
  trunk: { colour: '#ecd9b4', casing: '#978257', widths: [1.5, 3, 11], from: 0, edgeFrom: 0, legendWidth: 4.5 },
  primary: { colour: '#f6ead0', casing: '#a1926f', widths: [1.1, 2.6, 10], from: 0, edgeFrom: 9, legendWidth: 4 },
  secondary: { colour: '#ffffff', casing: '#a59f94', widths: [0.8, 2, 8], from: 9, edgeFrom: 10, legendWidth: 3.5 },
  tertiary: { colour: '#ffffff', casing: '#b1aca3', widths: [0.5, 1.5, 7], from: 10, edgeFrom: 11.5, legendWidth: 3 },
  residential: { colour: '#ffffff', casing: '#c0bcb5', widths: [0.3, 0.8, 5], from: 12, edgeFrom: 13.5, legendWidth: 2.5 },
  other: { colour: '#fbfaf7', casing: '#cbc8c1', widths: [0.3, 0.6, 3], from: 12.5, edgeFrom: 14, legendWidth: 2 }
}

export interface LineLook {
  colour: string
  dash: readonly number[]
}

/** The borders of the first boundary layer, and of all others. */
export const BOUNDARY_LOOKS: readonly [LineLook, LineLook] = [
  { colour: '#4b3b57', dash: [4, 2] },
  { colour: '#7a1f3d', dash: [6, 2, 1, 2] }
]

/** The line of an isochrone of so many minutes, by its place beside the standard. */
export function bandLook(minutes: number, standard: number): LineLook {
  if (minutes <= standard / 3) return { colour: WITHIN[0], dash: [1, 0] }
  if (minutes <= (2 * standard) / 3) return { colour: '#2171b5', dash: [5, 1.5] }
  if (minutes <= standard) return { colour: WITHIN[1], dash: [2.5, 1.5] }
  return { colour: BEYOND[1], dash: [1, 1.5] }
}

export interface PlaceLook {
  /** The zoom from which names of the kind are drawn; null: searchable, but not drawn. */
  from: number | null
  /** Size in pixels at zoom 10 and 15. */
  sizes: readonly [number, number]
  bold: boolean
}

export const PLACE_LOOKS: Record<PlaceKind, PlaceLook> = {
  city: { from: 0, sizes: [17, 22], bold: true },
  town: { from: 8, sizes: [14, 18], bold: true },
  suburb: { from: 10.5, sizes: [12, 16], bold: false },
  quarter: { from: 12, sizes: [11, 15], bold: false },
  village: { from: 12, sizes: [11, 15], bold: false },
  hamlet: { from: 13.5, sizes: [10.5, 14], bold: false },
  water: { from: 11, sizes: [11, 15], bold: false },
  street: { from: null, sizes: [0, 0], bold: false },
  address: { from: null, sizes: [0, 0], bold: false },
  other: { from: null, sizes: [0, 0], bold: false }
}
