/** Puts the page together. */
import './style.css'
import { firstLayers, layerIds } from './layers'
import { counterpart, linkOf, selectionOf } from './links'
import { card } from './panel/card'
import { compareBar } from './panel/compare-bar'
import type { Context, Part, Side } from './panel/context'
import { agentsThatDiffer, areasThatDiffer, indicatorDifferences, phaseDifferences, runsCompared } from './panel/differences'
import { el } from './panel/dom'
import { header } from './panel/header'
import { indicators } from './panel/indicators'
import { layerList } from './panel/layer-list'
import { about, agentsOfPhase, frontier, phaseTable, uncoveredPlaces } from './panel/lists'
import { searchBox } from './panel/search-box'
import { sheet } from './panel/sheet'
import { side } from './panel/side'
import { readRun, type Run } from './run'
import type { Selection } from './selection'
import { accessOfB, fromHash, Store, toHash, viewOfB, type Limits, type View } from './state'
import { LANGUAGES, text, type Key } from './strings'

const HASH_DELAY_MS = 200
/** Before a pick of the second run. Neither kind of link begins so. */
const OF_B = 'b!'

/** Writes the view into the address, at most a few times a second: browsers refuse more. */
function keepInAddress(store: Store, compared: boolean): void {
  let timer: number | undefined
  store.listen(() => {
    window.clearTimeout(timer)
    timer = window.setTimeout(() => {
      const hash = `#${toHash(store.view, compared)}`
      try {
        history.replaceState(null, '', hash)
      } catch {
        location.replace(hash)
      }
    }, HASH_DELAY_MS)
  })
}

/** A link past what comes before `target`. The fragment of the address is the view's; only the focus moves. */
function skipLink(target: string, key: Key): Part {
  const root = el('a', { class: 'skip', href: `#${target}` })
  root.addEventListener('click', event => {
    event.preventDefault()
    document.getElementById(target)?.focus()
  })
  return { root, update: ({ lang }) => void (root.textContent = text(lang, key)) }
}

function start(app: HTMLElement, run: Run, other: Run | null): void {
  const known = [...new Set([...layerIds(run), ...(other ? layerIds(other) : [])])]
  const limits: Limits = { phases: run.phases.length, phasesB: other?.phases.length ?? 0, layers: known }
  const base: View = {
    lang: 'vi', phase: 0, phaseB: 0, inStep: other !== null && other.phases.length === run.phases.length, shown: 'both',
    colouring: 'time', indicator: 'served', layers: firstLayers(run), position: null, pick: null
  }
  const store = new Store(fromHash(location.hash, base, limits), limits)
  /** Whether the next thing picked takes the focus and the map with it. */
  let way = { fly: false, focus: false }
  const selectIn = (of: Side, run: Run) => (selection: Selection | null, fly = false) => {
    const link = selection && linkOf(run, selection)
    const pick = link === null ? null : of === 'b' ? OF_B + link : link
    way = { fly, focus: true }
    if (pick === store.view.pick) showPick()
    else store.set({ pick })
  }
  const a: Context = { run, side: 'a', store, other: null, select: selectIn('a', run) }
  const b: Context | null = other && { run: other, side: 'b', store: accessOfB(store), other: a, select: selectIn('b', other) }
  a.other = b
  const contexts = b ? [a, b] : [a]

  const closeCard = () => {
    way = { fly: false, focus: true }
    store.set({ pick: null })
  }
  const details = card(closeCard)
  const sides = contexts.map(context => side(context, () => {
    const at = sides[context.side === 'a' ? 0 : 1]?.map()?.position
    if (at) context.select({ kind: 'point', lon: at.lon, lat: at.lat })
  }))
  const bar = b && compareBar(a)
  const stage = el('div', { class: 'stage' }, ...sides.map(part => part.root))
  const main = el('main', { id: 'map', tabindex: '-1' }, bar?.root, stage, details.root)
  const panelParts: Part[] = b
    ? [runsCompared(a, b), indicatorDifferences(a, b), phaseDifferences(a, b), areasThatDiffer(a, b), agentsThatDiffer(a, b), layerList(a), about(contexts)]
    : [indicators(a), layerList(a), agentsOfPhase(a), uncoveredPlaces(a), phaseTable(a), frontier(a), about(contexts)]
  const panel = el('aside', { class: 'panel', id: 'figures', tabindex: '-1' }, ...panelParts.map(part => part.root))
  const skips = [skipLink('map', 'skip'), skipLink('figures', 'skip.figures')]
  const banner = el('p', { class: 'synthetic', hidden: !contexts.some(context => context.run.synthetic) })
  const top = [header(a), searchBox(a)]
  const paper = sheet(contexts)
  app.replaceChildren(
    el('nav', { class: 'skips' }, ...skips.map(part => part.root)),
    el('div', { class: `page${b ? ' compared' : ''}` },
      el('div', { class: 'top' }, ...top.map(part => part.root)), main, panel),
    ...paper.map(part => part.root)
  )
  top[0]?.root.append(banner)
  document.body.classList.toggle('compared', b !== null)

  /** Shows what the view says is picked. */
  function showPick(): void {
    const { pick } = store.view
    const context = b && pick?.startsWith(OF_B) ? b : a
    const selection = pick === null ? null : selectionOf(context.run, context === b ? pick.slice(OF_B.length) : pick)
    const { fly, focus } = way
    way = { fly: false, focus: false }
    details.show(context, selection, focus)
    sides.forEach((part, i) => {
      const of = contexts[i]
      const own = !selection || !of ? null : of === context ? selection : counterpart(context.run, of.run, selection)
      part.map()?.select(own)
    })
    if (selection && fly) sides[contexts.indexOf(context)]?.map()?.flyTo(selection)
  }

  const update = (view: View) => {
    banner.textContent = text(view.lang, 'synthetic')
    panel.setAttribute('aria-label', text(view.lang, 'panel.label'))
    for (const part of [...skips, ...top, ...panelParts, ...(bar ? [bar] : []), details, ...paper]) part.update(view)
    sides.forEach((part, i) => part.update(i === 0 ? view : viewOfB(view)))
  }
  const showSides = (view: View, before: View | null) => {
    if (!b || view.shown === before?.shown) return
    main.dataset['shown'] = view.shown
    const position = sides.map(part => part.map()).find((map, i) => map && (before?.shown ?? 'both') !== (i === 0 ? 'b' : 'a'))?.position
    sides.forEach((part, i) => {
      part.root.hidden = view.shown === (i === 0 ? 'b' : 'a')
      part.map()?.resize()
      if (before && position) part.map()?.goTo(position)
    })
  }

  update(store.view)
  sides.forEach((part, i) => {
    const twin = () => sides[1 - i]?.map() ?? null
    const follow = (position: View['position']) => {
      if (position) twin()?.goTo(position)
    }
    part.open({
      picked: selection => contexts[i]?.select(selection),
      moving: follow,
      moved(position) {
        follow(position)
        store.set({ position })
      },
      failed: reason => console.error(reason)
    })
  })
  showSides(store.view, null)
  sides.forEach((part, i) => part.update(i === 0 ? store.view : viewOfB(store.view)))
  showPick()

  store.listen((view, before) => {
    const { position: _here, pick, ...rest } = view
    const { position: _there, pick: picked, ...earlier } = before
    if (Object.keys(rest).some(key => rest[key as keyof typeof rest] !== earlier[key as keyof typeof earlier])) update(view)
    sides.forEach((part, i) => part.map()?.show(i === 0 ? view : viewOfB(view), i === 0 ? before : viewOfB(before)))
    showSides(view, before)
    if (pick !== picked) showPick()
  })
  window.addEventListener('hashchange', () => {
    const view = fromHash(location.hash, store.view, limits)
    const { position } = view
    if (position && position !== store.view.position) for (const part of sides) part.map()?.goTo(position)
    store.set(view)
  })
  window.addEventListener('keydown', event => {
    if (event.key === 'Escape' && store.view.pick !== null) closeCard()
  })
  keepInAddress(store, b !== null)
}

const app = document.getElementById('app')
if (app) {
  readRun().then(({ run, other }) => start(app, run, other)).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error)
    app.replaceChildren(...LANGUAGES.map(lang => el('p', { lang, class: 'page-failed' }, text(lang, 'page.failed', { reason }))))
    console.error(error)
  })
}
