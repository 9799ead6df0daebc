/** What each layer says: its sentence, unit, classes and source, in the words of a language. */
import { boundaryId, type MapState } from '../layers'
import { cellBands, UTILISATION_LIMITS, utilisationBands, type ClassBand } from '../palette'
import type { Words } from '../panel/context'
import type { Run } from '../run'
import type { Key } from '../strings'
import { ROAD_CLASSES, type CandidateStatus, type SourceKind } from '../types'
import { loadRadius, mostDossiers, type AgentState } from './agents'
import type { Icon, LegendSymbol } from './icons'
import { indicatorBands, measureOf, type Indicator } from './indicators'
import { tileOrigin } from './policy'
import { bandLook, BOUNDARY_LOOKS, PARK, RAIL, ROAD_LOOKS, WATER, WATER_LINE } from './looks'

export interface LegendItem {
  symbol: LegendSymbol
  label: string
}

/** A layer in words. `empty` when the run has nothing to draw; the sentence then says so. */
export interface Legend {
  sentence: string
  unit: string | null
  items: LegendItem[]
  notes: string[]
  source: string | null
  empty: boolean
}

const FIXED_NAMES: Record<string, Key> = {
  agents: 'layer.agents', load: 'layer.load', offices: 'layer.offices', candidates: 'layer.candidates',
  uncovered: 'layer.uncovered', cells: 'layer.cells', isochrones: 'layer.isochrones', places: 'layer.places',
  roads: 'layer.roads', rail: 'layer.rail', water: 'layer.water', parks: 'layer.parks', tiles: 'layer.tiles'
}

/** The name of a layer for its switch. */
export function layerName(run: Run, id: string, w: Words): string {
  const key = FIXED_NAMES[id]
  if (key) return w.t(key)
  const areas = run.boundaries[id === 'indicators' ? 0 : Number(id.replace('boundary', ''))]
  const name = areas ? w.pick(areas.name) : ''
  return w.t(id === 'indicators' ? 'layer.indicators' : 'layer.boundary', { name })
}

/** The names and dates of the sources of some kinds; empty when none is named. */
function sources(run: Run, kinds: SourceKind[], { t, pick }: Words): string {
  const named = run.sources.filter(source => kinds.includes(source.of)).map(source => {
    const name = pick(source.name)
    return source.date === null ? name : t('legend.source.dated', { name, date: source.date })
  })
  return [...new Set(named)].join('; ')
}

const given = (run: Run, w: Words, ...kinds: SourceKind[]): string => {
  const names = sources(run, kinds, w)
  return names === '' ? w.t('legend.source.unnamed') : w.t('legend.source.given', { sources: names })
}

const computed = (run: Run, w: Words, ...kinds: SourceKind[]): string => {
  const names = sources(run, kinds, w)
  return names === '' ? w.t('legend.source.results') : w.t('legend.source.computed', { sources: names })
}

/** The limits of a class in words; a limit itself belongs to the class below it. */
function rangeLabel({ from, to }: ClassBand, { t }: Words, show: (value: number) => string): string {
  if (from === null) return to === null ? t('class.over', { from: show(0) }) : t('class.up_to', { to: show(to) })
  return to === null ? t('class.over', { from: show(from) }) : t('class.between', { from: show(from), to: show(to) })
}

const area = (band: ClassBand): LegendSymbol => ({ kind: 'area', colour: band.colour, pattern: band.pattern })

function cellItems(run: Run, view: MapState, w: Words): LegendItem[] {
  const served: Key[] = ['class.served.none', 'class.served.less', 'class.served.more', 'class.served.all']
  return cellBands(run.cells, view.colouring, run.standard).map((band, i) => {
    const symbol = area(band)
    if (band.pattern === 'hatched') return { symbol, label: w.t('class.unreached') }
    if (view.colouring === 'served') return { symbol, label: w.t(served[i] ?? 'class.unreached') }
    const show = view.colouring === 'people' ? (v: number) => w.format.decimal(v) : (v: number) => w.format.decimal(v / 60)
    return { symbol, label: rangeLabel(band, w, show) }
  })
}

/** A change class in words: losses are named by their size. */
function changeLabel({ from, to }: ClassBand, { t, format }: Words): string {
  const points = (share: number) => t('unit.points', { number: format.decimal(Math.abs(share) * 100) })
  if (from === null) return t('legend.change.fell_more', { from: points(to ?? 0) })
  if (to === null) return t('legend.change.rose_more', { from: points(from) })
  if (to < 0) return t('legend.change.fell', { to: points(from) })
  if (from < 0) return t('legend.change.same', { to: points(to) })
  const values = { from: points(from), to: points(to) }
  return from < 0.01 ? t('legend.change.rose', values) : t('legend.change.rose_between', values)
}

function indicatorItems(run: Run, indicator: Indicator, w: Words): LegendItem[] {
  const measure = measureOf(indicator)
  const bands = indicatorBands(run, indicator)
  return bands.map((band, i) => {
    const symbol = area(band)
    if (band.pattern === 'hatched') return { symbol, label: w.t('legend.no_data') }
    if (measure === 'points') return { symbol, label: changeLabel(band, w) }
    if (measure === 'share' && i === bands.length - 2) return { symbol, label: w.t('class.served.all') }
    if (measure === 'share' && i === bands.length - 3) {
      return { symbol, label: w.t('legend.share.nearly', { from: w.format.share(band.from, 0) }) }
    }
    const show = (value: number): string =>
      measure === 'share' ? w.format.share(value, 0) : w.format.decimal(measure === 'time' ? value / 60 : value)
    return { symbol, label: rangeLabel(band, w, show) }
  })
}

const UNITS: Record<ReturnType<typeof measureOf>, Key> = {
  share: 'legend.unit.share', time: 'legend.unit.minutes', people: 'legend.unit.people', points: 'legend.unit.points'
}

function loadItems(run: Run, w: Words): LegendItem[] {
  const most = mostDossiers(run.agents)
  const sizes = [...new Set([most, most / 4, most / 16].map(size => Number(size.toPrecision(1))))].filter(size => size > 0)
  const circles = sizes.map((size): LegendItem => ({
    symbol: { kind: 'circle', colour: '#ffffff', radius: loadRadius(size, most) },
    label: w.t('legend.load.size', { number: w.format.decimal(size) })
  }))
  const bands = utilisationBands().map(({ colour, from, to }, i): LegendItem => {
    const share = (value: number | null) => w.format.share(value, 0)
    const overflow = i === UTILISATION_LIMITS.length
    const symbol: LegendSymbol = { kind: 'circle', colour, radius: 8, overflow }
    if (overflow) return { symbol, label: w.t('legend.load.over') }
    const key: Key = from === null ? 'legend.load.up_to' : 'legend.load.between'
    return { symbol, label: w.t(key, { from: share(from), to: share(to) }) }
  })
  return [...bands, ...circles]
}

const AGENT_WORDS: [AgentState, Key][] = [
  ['fixed', 'legend.agent.fixed'], ['opened-before', 'legend.agent.before'], ['opened-now', 'legend.agent.now'],
  ['opens-later', 'legend.agent.later'], ['closed', 'legend.agent.closed']
]
const CANDIDATE_WORDS: [CandidateStatus | 'proposed', Key][] = [
  ['proposed', 'legend.candidate.proposed'], ['eligible', 'legend.candidate.eligible'],
  ['review', 'legend.candidate.review'], ['refused', 'legend.candidate.refused']
]

const icon = (name: Icon, label: string): LegendItem => ({ symbol: { kind: 'icon', icon: name }, label })
const line = (symbol: Omit<Extract<LegendSymbol, { kind: 'line' }>, 'kind'>, label: string): LegendItem =>
  ({ symbol: { kind: 'line', ...symbol }, label })

/** The legend of a layer as it stands in a view. */
export function legendOf(run: Run, id: string, view: MapState, w: Words): Legend {
  const { t } = w
  const mode = run.mainMode ? w.pick(run.mainMode.name).toLocaleLowerCase() : t('mode.unknown')
  const legend = (has: number, sentence: string, items: LegendItem[], source: string | null, more: Partial<Legend> = {}): Legend =>
    has > 0
      ? { sentence, items, source, unit: null, notes: [], empty: false, ...more }
      : { sentence: t('layer.empty'), items: [], source: null, unit: null, notes: [], empty: true }
  switch (id) {
    case 'agents': {
      const items = AGENT_WORDS
        .filter(([state]) => state !== 'fixed' || run.agents.some(agent => agent.fixed))
        .filter(([state]) => state !== 'closed' || run.agents.some(agent => agent.closes !== null))
      return legend(run.agents.length, t('legend.says.agents'), items.map(([state, key]) => icon(state, t(key))),
        computed(run, w, 'sites', 'roads', 'population'))
    }
    case 'load': {
      const known = run.agents.some(agent => agent.loads.length > 0)
      const here = run.agents.some(agent => agent.loads[view.phase])
      if (!known) return { ...legend(0, '', [], null), sentence: t('legend.load.none') }
      return legend(1, t('legend.says.load'), loadItems(run, w), computed(run, w, 'services', 'population', 'roads'),
        { unit: t('legend.unit.dossiers'), notes: here ? [] : [t('legend.load.idle')] })
    }
    case 'offices':
      return legend(run.offices.length, t('legend.says.offices'), [icon('office', t('legend.offices.item'))], given(run, w, 'sites'))
    case 'candidates': {
      const has = (status: string) => run.candidates.some(c => (c.proposed ? 'proposed' : c.status) === status)
      const items = CANDIDATE_WORDS.filter(([status]) => has(status)).map(([status, key]) => icon(status, t(key)))
      return legend(run.candidates.length, t('legend.says.candidates'), items, given(run, w, 'sites'))
    }
    case 'uncovered':
      return legend(run.uncovered.length, t('legend.says.uncovered'),
        [icon('uncovered', t('legend.uncovered.item')), icon('new-point', t('legend.new_point'))],
        computed(run, w, 'population', 'roads'))
    case 'cells': {
      const units: Record<typeof view.colouring, Key> = {
        time: 'legend.unit.minutes', people: 'legend.unit.density', served: 'legend.unit.share'
      }
      const source = view.colouring === 'people'
        ? given(run, w, 'population', 'official-population')
        : computed(run, w, 'roads', 'speeds', 'population')
      return legend(run.cells.count, t(`legend.says.cells.${view.colouring}`, { mode }), cellItems(run, view, w), source,
        { unit: t(units[view.colouring]) })
    }
    case 'indicators': {
      const indicator = view.indicator ?? 'served'
      const source = indicator === 'people'
        ? given(run, w, 'population', 'official-population')
        : computed(run, w, 'roads', 'speeds', 'population', 'boundaries')
      const first = indicator === 'change_before' && view.phase === 0 ? [t('legend.indicator.first')] : []
      return legend(run.boundaries[0]?.features.features.length ?? 0, t(`legend.says.indicator.${indicator}`),
        indicatorItems(run, indicator, w), source,
        { unit: t(UNITS[measureOf(indicator)]), notes: [...first, t('legend.indicator.numbers')] })
    }
    case 'isochrones': {
      const minutes = [...new Set(run.isochrones.filter(b => b.phase === view.phase).map(b => b.minutes))].sort((a, b) => a - b)
      if (run.isochrones.length > 0 && minutes.length === 0) {
        return { ...legend(0, '', [], null), sentence: t('legend.isochrones.none') }
      }
      const items = minutes.map((m): LegendItem => {
        const { colour, dash } = bandLook(m, run.standard.minutes)
        return line({ colour, width: 2.5, dash }, t('legend.isochrones.item', { minutes: w.format.decimal(m) }))
      })
      return legend(minutes.length, t('legend.says.isochrones', { mode }), items, computed(run, w, 'roads', 'speeds'),
        { unit: t('legend.unit.minutes') })
    }
    case 'places':
      return legend(run.places.count, t('legend.says.places'), [], given(run, w, 'roads'))
    case 'roads': {
      const present = ROAD_CLASSES.filter(c => run.roads.some(roads => roads.class === c && roads.lines.length > 0))
      const items = present.map(c => {
        const { colour, casing, legendWidth } = ROAD_LOOKS[c]
        return line({ colour, casing, width: legendWidth }, t(`road.${c}`))
      })
      return legend(present.length, t('legend.says.roads'), items, given(run, w, 'roads'))
    }
    case 'rail':
      return legend(run.rail.length, t('legend.says.rail'),
        [line({ colour: RAIL, width: 2, dash: [3, 2] }, t('legend.rail.item'))], given(run, w, 'roads'))
    case 'water':
      return legend(run.water.areas.length + run.water.lines.length, t('legend.says.water'),
        [{ symbol: { kind: 'area', colour: WATER, pattern: 'plain', edge: WATER_LINE }, label: t('legend.water.item') }], given(run, w, 'roads'))
    case 'parks':
      return legend(run.parks.length, t('legend.says.parks'),
        [{ symbol: { kind: 'area', colour: PARK, pattern: 'plain' }, label: t('legend.parks.item') }], given(run, w, 'roads'))
    case 'tiles': {
      const origin = tileOrigin(run.tiles)
      const host = origin === null ? '' : new URL(origin).host
      return legend(origin === null ? 0 : 1, t('legend.says.tiles', { host }), [], host)
    }
    default: {
      const layer = Number(id.replace('boundary', ''))
      const { colour, dash } = BOUNDARY_LOOKS[Math.min(layer, BOUNDARY_LOOKS.length - 1)] ?? BOUNDARY_LOOKS[0]
      const has = id === boundaryId(layer) ? (run.boundaries[layer]?.features.features.length ?? 0) : 0
      return legend(has, t('legend.says.boundary'), [line({ colour, width: 2, dash }, t('legend.boundary.item'))],
        given(run, w, 'boundaries'))
    }
  }
}
