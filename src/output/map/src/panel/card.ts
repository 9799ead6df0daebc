/** The card with the details of what was picked; of both runs where two are compared. */
import { communeAt, counterpart, pointOf } from '../links'
import type { Selection } from '../selection'
import type { View } from '../state'
import { areaCard } from './card-area'
import { placeBody } from './card-place'
import { agentCard, candidateCard, officeCard, uncoveredCard } from './card-site'
import { words, type Context, type Part, type Words } from './context'
import { button, data, el, fill, glyph, nameIt, type Child } from './dom'

export interface Content {
  kind: string
  name: string
  body: Child[]
}

/** A card about a place: what it is called, and who serves it. */
function place(context: Context, selection: Selection, view: View, w: Words): Content | null {
  const { run } = context
  const at = pointOf(run, selection)
  if (!at) return null
  const body = placeBody(context, at.lon, at.lat, view, w)
  if (selection.kind === 'place') {
    const kind = run.places.kind[selection.index] ?? 'other'
    return { kind: w.t(`place.${kind}`), name: run.places.name[selection.index] ?? '', body }
  }
  const commune = run.boundaries[0]?.features.features[communeAt(run, at.lon, at.lat)]?.properties.name
  return { kind: w.t('card.place'), name: commune ?? w.format.place(at.lon, at.lat), body }
}

function content(context: Context, selection: Selection, view: View, w: Words): Content | null {
  switch (selection.kind) {
    case 'agent': return agentCard(context, selection.index, view, w)
    case 'candidate': return candidateCard(context, selection.index, w)
    case 'office': return officeCard(context, selection.index, w)
    case 'uncovered': return uncoveredCard(context, selection.index, view, w)
    case 'boundary': return areaCard(context, selection.layer, selection.index, view, w)
    default: return place(context, selection, view, w)
  }
}

/** The card, and a way to fill it. `close` is called when the viewer closes it. */
export function card(close: () => void): Part & { show: (context: Context, selection: Selection | null, focus: boolean) => void } {
  const heading = el('h2', { tabindex: '-1' })
  const kind = el('p', { class: 'eyebrow' })
  const body = el('div', { class: 'card-body' })
  const status = el('p', { class: 'visually-hidden', role: 'status' })
  const shut = button({ class: 'close' }, glyph('close'), close)
  const root = el('section', { class: 'card', hidden: true }, el('div', { class: 'card-head' }, el('div', {}, kind, heading), shut), body)
  const whole = el('div', { class: 'card-place' }, root, status)
  let shown: { context: Context; selection: Selection } | null = null
  let before: HTMLElement | null = null

  const draw = (view: View): string => {
    const w = words(view)
    nameIt(shut, w.t('card.close'))
    root.setAttribute('aria-label', w.t('card.title'))
    // Each run in its own phase, whichever side was picked on.
    const made = shown && content(shown.context, shown.selection, shown.context.store.view, w)
    root.hidden = !made
    if (!made || !shown) {
      fill(body)
      return ''
    }
    fill(kind, made.kind)
    fill(heading, data(made.name || '–'))
    const { context, selection } = shown
    const { other, side } = context
    if (!other) {
      fill(body, ...made.body)
    } else {
      const twin = counterpart(context.run, other.run, selection)
      const theirs = twin && content(other, twin, other.store.view, w)
      const part = (of: 'a' | 'b', children: Child[]) => el('section', { class: 'card-side' },
        el('h3', {}, el('span', { class: `badge ${of}` }, of.toUpperCase()), ' ', data(w.pick((of === side ? context : other).run.title))), ...children)
      const mine = part(side, made.body)
      const their = part(other.side, theirs ? [twin.kind !== selection.kind ? el('p', { class: 'eyebrow' }, theirs.kind) : null, ...theirs.body]
        : [el('p', { class: 'quiet' }, w.t('card.not_here'))])
      fill(body, ...(side === 'a' ? [mine, their] : [their, mine]))
    }
    return `${made.kind}: ${made.name}`
  }
  return {
    root: whole,
    update: view => void draw(view),
    show(context, selection, focus) {
      const was = shown
      const inside = root.contains(document.activeElement)
      shown = selection && { context, selection }
      const said = draw(context.store.view)
      status.textContent = said
      root.scrollTop = 0
      if (said !== '' && focus) {
        const active = document.activeElement
        if (!was && active instanceof HTMLElement) before = active
        heading.focus({ preventScroll: true })
      } else if (said === '' && was) {
        // Back to where the viewer was, if that is still there.
        if (before?.isConnected && inside) before.focus({ preventScroll: true })
        before = null
      }
    }
  }
}
