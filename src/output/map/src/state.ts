/** What the viewer is looking at, kept in the address so that a view can be passed on. */
import { INDICATORS, type Indicator } from './map/indicators'
import { COLOURINGS, type Colouring } from './palette'
import { LANGUAGES, type Language } from './strings'

export interface Position {
  zoom: number
  lat: number
  lon: number
}

/** Which of two compared runs are on the page. */
export const SHOWN = ['both', 'a', 'b'] as const
export type Shown = (typeof SHOWN)[number]

export interface View {
  lang: Language
  /** From 0. */
  phase: number
  /** The phase of the second run where two are compared, from 0. */
  phaseB: number
  /** Whether the phases of two compared runs change together. */
  inStep: boolean
  shown: Shown
  colouring: Colouring
  /** What the colour of the areas means. */
  indicator: Indicator
  /** Ids of the layers shown. */
  layers: string[]
  /** Null until the map was moved: the whole area is shown. */
  position: Position | null
  /** What is picked, as `links.ts` writes it. Untrusted: it may name nothing. */
  pick: string | null
}

/** What an address may ask for. */
export interface Limits {
  phases: number
  /** Phases of the second run, 0 where there is none. */
  phasesB: number
  layers: readonly string[]
}

const MOST_PICK = 300

/** The view as the fragment of an address, without `#`. Phases count from 1 there. */
export function toHash(view: View, compared = false): string {
  const parts = [`lang=${view.lang}`, `phase=${view.phase + 1}`]
  if (compared) parts.push(`phase2=${view.phaseB + 1}`, `step=${view.inStep ? 1 : 0}`, `runs=${view.shown}`)
  parts.push(`colour=${view.colouring}`, `areas=${view.indicator}`, `layers=${view.layers.join('.')}`)
  if (view.position) {
    const { zoom, lat, lon } = view.position
    parts.push(`at=${zoom.toFixed(2)}/${lat.toFixed(5)}/${lon.toFixed(5)}`)
  }
  if (view.pick !== null) parts.push(`pick=${encodeURIComponent(view.pick)}`)
  return parts.join('&')
}

function phaseOf(text: string | null, phases: number, base: number): number {
  const asked = Number(text ?? '')
  return Number.isInteger(asked) && asked >= 1 && asked <= phases ? asked - 1 : base
}

function positionOf(text: string | null, base: Position | null): Position | null {
  const parts = (text ?? '').split('/').map(part => (part.trim() === '' ? NaN : Number(part)))
  const [zoom = NaN, lat = NaN, lon = NaN] = parts
  const sound = parts.length === 3 && zoom >= 0 && zoom <= 24 && Math.abs(lat) <= 85 && Math.abs(lon) <= 180
  return sound ? { zoom, lat, lon } : base
}

/** The view an address asks for. What it does not say, or says wrongly, is taken from `base`. */
export function fromHash(hash: string, base: View, limits: Limits): View {
  const given = new URLSearchParams(hash.replace(/^#/, ''))
  const one = <T extends string>(all: readonly T[], key: string, otherwise: T): T =>
    all.find(value => value === given.get(key)) ?? otherwise
  const list = given.get('layers')
  const step = given.get('step')
  const pick = given.get('pick')
  return {
    lang: one(LANGUAGES, 'lang', base.lang),
    phase: phaseOf(given.get('phase'), limits.phases, base.phase),
    phaseB: phaseOf(given.get('phase2'), limits.phasesB, base.phaseB),
    inStep: step === '1' ? true : step === '0' ? false : base.inStep,
    shown: one(SHOWN, 'runs', base.shown),
    colouring: one(COLOURINGS, 'colour', base.colouring),
    indicator: one(INDICATORS, 'areas', base.indicator),
    layers: list === null ? base.layers : limits.layers.filter(id => list.split('.').includes(id)),
    position: positionOf(given.get('at'), base.position),
    pick: pick === null ? base.pick : pick === '' || pick.length > MOST_PICK ? null : pick
  }
}

/** What a part of the page sees of the store; the second run's parts see its phase as theirs. */
export interface Access {
  readonly view: View
  set: (change: Partial<View>) => void
  toggleLayer: (id: string, on: boolean) => void
}

/** Holds the view and tells whoever listens when it changes. */
export class Store implements Access {
  #view: View
  #listeners: ((view: View, before: View) => void)[] = []

  constructor(view: View, private readonly limits: Limits) {
    this.#view = view
  }

  get view(): View {
    return this.#view
  }

  /** Changes some of the view. Nothing happens when nothing changes. Phases in step follow each other. */
  set(change: Partial<View>): void {
    const before = this.#view
    const view = { ...before, ...change }
    const { phases, phasesB } = this.limits
    if (view.inStep && phasesB > 0) {
      // The side that was changed leads; when they were put in step just now, the first.
      if (change.phaseB !== undefined && change.phase === undefined && before.inStep) view.phase = Math.min(view.phaseB, phases - 1)
      else view.phaseB = Math.min(view.phase, phasesB - 1)
    }
    if (toHash(view, true) === toHash(before, true)) return
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

/** The view as the second run's parts see it. */
export const viewOfB = (view: View): View => ({ ...view, phase: view.phaseB })

/** The store as the second run's parts see it. */
export function accessOfB(store: Store): Access {
  return {
    get view() {
      return viewOfB(store.view)
    },
    set({ phase, ...others }) {
      store.set(phase === undefined ? others : { ...others, phaseB: phase })
    },
    toggleLayer: (id, on) => store.toggleLayer(id, on)
  }
}
