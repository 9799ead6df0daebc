/** What the viewer is looking at, kept in the address so that a view can be passed on. */
import { COLOURINGS, type Colouring } from './palette'
import { LANGUAGES, type Language } from './strings'

export interface Position {
  zoom: number
  lat: number
  lon: number
}

export interface View {
  lang: Language
  /** From 0. */
  phase: number
  colouring: Colouring
  /** Ids of the layers shown. */
  layers: string[]
  /** Null until the map was moved: the whole area is shown. */
  position: Position | null
}

/** The view as the fragment of an address, without `#`. Phases count from 1 there. */
export function toHash(view: View): string {
  const parts = [
    `lang=${view.lang}`,
    `phase=${view.phase + 1}`,
    `colour=${view.colouring}`,
    `layers=${view.layers.join('.')}`
  ]
  if (view.position) {
    const { zoom, lat, lon } = view.position
    parts.push(`at=${zoom.toFixed(2)}/${lat.toFixed(5)}/${lon.toFixed(5)}`)
  }
  return parts.join('&')
}

/** The view an address asks for. What it does not say, or says wrongly, is taken from `base`. */
export function fromHash(hash: string, base: View, phases: number, known: readonly string[]): View {
  const given = new URLSearchParams(hash.replace(/^#/, ''))
  const lang = LANGUAGES.find(l => l === given.get('lang')) ?? base.lang
  const asked = Number(given.get('phase') ?? '')
  const phase = Number.isInteger(asked) && asked >= 1 && asked <= phases ? asked - 1 : base.phase
  const colouring = COLOURINGS.find(c => c === given.get('colour')) ?? base.colouring
  const list = given.get('layers')
  const layers = list === null ? base.layers : known.filter(id => list.split('.').includes(id))
  const [zoom, lat, lon] = (given.get('at') ?? '').split('/').map(part => (part === '' ? NaN : Number(part)))
  const sound =
    zoom !== undefined && lat !== undefined && lon !== undefined &&
    zoom >= 0 && zoom <= 24 && Math.abs(lat) <= 85 && Math.abs(lon) <= 180
  return { lang, phase, colouring, layers, position: sound ? { zoom, lat, lon } : base.position }
}

/** Holds the view and tells whoever listens when it changes. */
export class Store {
  #view: View
  #listeners: ((view: View, before: View) => void)[] = []

  constructor(view: View) {
    this.#view = view
  }

  get view(): View {
    return this.#view
  }

  /** Changes some of the view. Nothing happens when nothing changes. */
  set(change: Partial<View>): void {
    const before = this.#view
    const view = { ...before, ...change }
    if (toHash(view) === toHash(before)) return
    this.#view = view
    for (const listener of this.#listeners) listener(view, before)
  }

  listen(listener: (view: View, before: View) => void): void {
    this.#listeners.push(listener)
  }

  toggleLayer(id: string, on: boolean): void {
    const others = this.#view.layers.filter(layer => layer !== id)
    this.set({ layers: on ? [...others, id] : others })
  }
}
