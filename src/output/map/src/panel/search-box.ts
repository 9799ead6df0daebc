/** The search box: a combobox with a grouped list of what was found. */
import { find, shelf, shelves, type Found, type Group, type Shelf } from '../search'
import type { Key } from '../strings'
import { words, type Context, type Part } from './context'
import { data, el, fill, glyph } from './dom'

const NAMES: Record<Exclude<Group, `boundary${number}`>, Key> = {
  coordinates: 'search.group.coordinates', agent: 'search.group.agent', office: 'search.group.office',
  candidate: 'search.group.candidate', settlement: 'search.group.settlement', street: 'search.group.street',
  address: 'search.group.address', other: 'search.group.other'
}

/** Something found, and the run it belongs to. */
type Hit = Found & { of: Context }

/** The agents of the second run that are none of the first, where two are compared. */
function agentsOfOther({ run, other }: Context): Shelf[] {
  if (!other) return []
  const known = new Set(run.agents.map(agent => agent.id))
  const indices = other.run.agents.flatMap((agent, index) => (known.has(agent.id) ? [] : [index]))
  const agents = indices.map(index => other.run.agents[index])
  return [shelf('agent', agents.map(agent => agent?.name ?? ''), agents.map(agent => agent?.id ?? ''), i => ({ kind: 'agent', index: indices[i] ?? -1 }))]
}

export function searchBox(context: Context): Part {
  const { run, other, store } = context
  let all: { of: Context; shelves: Shelf[] }[] | null = null
  const makeAll = () => [{ of: context, shelves: shelves(run) }, ...(other ? [{ of: other, shelves: agentsOfOther(context) }] : [])]
  let found: Hit[] = []
  let options: HTMLElement[] = []
  let active = -1
  const label = el('label', { for: 'search' })
  const input = el('input', {
    id: 'search', type: 'search', role: 'combobox', autocomplete: 'off', spellcheck: 'false', 'aria-describedby': 'search-hint',
    'aria-expanded': 'false', 'aria-controls': 'search-list', 'aria-autocomplete': 'list', enterkeyhint: 'search'
  })
  const hint = el('p', { id: 'search-hint', class: 'visually-hidden' })
  const list = el('div', { id: 'search-list', role: 'listbox', hidden: true })
  const none = el('p', { class: 'search-none', hidden: true })
  const status = el('p', { class: 'visually-hidden', role: 'status' })

  const groupName = (group: Group): string => {
    const w = words(store.view)
    if (!group.startsWith('boundary')) return w.t(NAMES[group as keyof typeof NAMES])
    const layer = run.boundaries[Number(group.slice('boundary'.length))]
    return layer ? w.pick(layer.name) : ''
  }
  const nameOf = (entry: Hit): string => {
    const { t, format } = words(store.view)
    const { selection } = entry
    return selection.kind === 'point' ? t('search.point', { place: format.place(selection.lon, selection.lat) }) : entry.name
  }
  /** What tells apart things of one name: the commune they are in, or their code. */
  const note = ({ selection, of: { run } }: Hit): string => {
    if (selection.kind === 'boundary') return run.boundaries[selection.layer]?.features.features[selection.index]?.properties.code ?? ''
    if (selection.kind !== 'agent' && selection.kind !== 'candidate') return ''
    const site = (selection.kind === 'agent' ? run.agents : run.candidates)[selection.index]
    return run.boundaries[0]?.features.features[site?.boundary ?? -1]?.properties.name ?? ''
  }
  const close = () => {
    list.hidden = none.hidden = true
    active = -1
    input.setAttribute('aria-expanded', 'false')
    input.removeAttribute('aria-activedescendant')
  }
  const choose = (entry: Hit | undefined) => {
    if (!entry) return
    input.value = nameOf(entry)
    close()
    entry.of.select(entry.selection, true)
  }
  const mark = (index: number) => {
    active = index
    options.forEach((option, i) => option.setAttribute('aria-selected', String(i === index)))
    options[index]?.scrollIntoView({ block: 'nearest' })
    if (index >= 0) input.setAttribute('aria-activedescendant', `search-${index}`)
    else input.removeAttribute('aria-activedescendant')
  }
  const show = () => {
    const { t } = words(store.view)
    all ??= makeAll()
    found = all.flatMap(({ of, shelves }) => find(shelves, input.value).filter(hit => of === context || hit.group !== 'coordinates').map(hit => ({ ...hit, of })))
    options = found.map((entry, i) => {
      const option = el('div', { id: `search-${i}`, role: 'option', 'aria-selected': 'false' },
        el('span', {}, data(nameOf(entry))), el('small', {}, data(note(entry))))
      // Before the input loses the focus and the list closes.
      option.addEventListener('pointerdown', event => event.preventDefault())
      option.addEventListener('click', () => choose(entry))
      return option
    })
    const key = ({ group, of }: Hit) => `${of.side} ${group}`
    const groups = [...new Map(found.map(hit => [key(hit), hit])).values()]
    fill(list, ...groups.map((first, g) => el('div', { role: 'group', 'aria-labelledby': `search-group-${g}` },
      el('p', { id: `search-group-${g}`, role: 'presentation', class: 'search-group' },
        first.of === other && 'B: ', data(groupName(first.group))),
      ...options.filter((_, i) => key(found[i] ?? first) === key(first)))))
    const asked = input.value.trim() !== ''
    list.hidden = found.length === 0
    none.hidden = !asked || found.length > 0
    none.textContent = t('search.none')
    status.textContent = !asked ? '' : found.length ? t('search.found', { number: String(found.length) }) : t('search.none')
    input.setAttribute('aria-expanded', String(found.length > 0))
    mark(-1)
  }

  input.addEventListener('focus', () => {
    // While the viewer begins to type.
    if (!all) window.setTimeout(() => { all ??= makeAll() }, 0)
  })
  input.addEventListener('input', show)
  input.addEventListener('blur', close)
  input.addEventListener('keydown', event => {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 }
    const step = steps[event.key]
    if (step !== undefined) {
      event.preventDefault()
      if (list.hidden) show()
      if (found.length) mark(active < 0 ? (step > 0 ? 0 : found.length - 1) : (active + step + found.length) % found.length)
    } else if (event.key === 'Enter') {
      event.preventDefault()
      if (!list.hidden) choose(found[Math.max(active, 0)])
    } else if (event.key === 'Escape' && (!list.hidden || !none.hidden || input.value !== '')) {
      // Closes the list first, then empties the box; only then does the key close the card.
      event.preventDefault()
      event.stopPropagation()
      if (list.hidden && none.hidden) input.value = ''
      close()
    }
  })
  return {
    root: el('search', { class: 'search', role: 'search' }, label, el('div', { class: 'search-field' }, glyph('search'), input, list, none), hint, status),
    update(view) {
      const { t } = words(view)
      label.textContent = t('search.label')
      input.placeholder = t('search.placeholder')
      hint.textContent = t('search.hint')
      list.setAttribute('aria-label', t('search.results'))
      close()
    }
  }
}
