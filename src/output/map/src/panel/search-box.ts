/** The search box: a combobox with a list of what was found. */
import { entries, find, type Entry } from '../search'
import { words, type Context, type Part } from './context'
import { el } from './dom'

export function searchBox({ run, store, select }: Context): Part {
  const all = entries(run)
  let found: Entry[] = []
  let active = -1
  const label = el('label', { for: 'search' })
  const input = el('input', {
    id: 'search', type: 'search', role: 'combobox', autocomplete: 'off', spellcheck: 'false',
    'aria-expanded': 'false', 'aria-controls': 'search-list', 'aria-autocomplete': 'list'
  })
  const list = el('ul', { id: 'search-list', role: 'listbox', hidden: true })
  const status = el('p', { class: 'visually-hidden', role: 'status' })

  const kind = (entry: Entry): string => {
    const w = words(store.view)
    if (entry.selection.kind !== 'boundary') return w.t('search.agent')
    const layer = run.boundaries[entry.selection.layer]
    return layer ? w.pick(layer.name) : ''
  }
  const close = () => {
    list.hidden = true
    active = -1
    input.setAttribute('aria-expanded', 'false')
    input.removeAttribute('aria-activedescendant')
  }
  const choose = (entry: Entry | undefined) => {
    if (!entry) return
    input.value = entry.name
    close()
    select(entry.selection, true)
  }
  const mark = (index: number) => {
    active = index
    list.querySelectorAll('[role=option]').forEach((option, i) => {
      option.setAttribute('aria-selected', String(i === index))
      if (i === index) option.scrollIntoView({ block: 'nearest' })
    })
    if (index >= 0) input.setAttribute('aria-activedescendant', `search-${index}`)
  }
  const show = () => {
    const { t } = words(store.view)
    found = find(all, input.value)
    active = -1
    const asked = input.value.trim() !== ''
    list.replaceChildren(
      ...found.map((entry, i) => {
        const option = el('li', { id: `search-${i}`, role: 'option', 'aria-selected': 'false' },
          el('span', {}, entry.name), el('small', {}, kind(entry)))
        // Before the input loses the focus and the list closes.
        option.addEventListener('pointerdown', event => { event.preventDefault(); choose(entry) })
        return option
      })
    )
    if (asked && found.length === 0) list.append(el('li', { class: 'none' }, t('search.none')))
    status.textContent = !asked ? '' : found.length ? t('search.found', { number: String(found.length) }) : t('search.none')
    list.hidden = !asked
    input.setAttribute('aria-expanded', String(asked))
  }

  input.addEventListener('input', show)
  input.addEventListener('blur', close)
  input.addEventListener('keydown', event => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      if (list.hidden) show()
      const step = event.key === 'ArrowDown' ? 1 : -1
      if (found.length) mark((active + step + found.length) % found.length)
    } else if (event.key === 'Enter') {
      choose(found[Math.max(active, 0)])
    } else if (event.key === 'Escape') {
      close()
    }
  })
  return {
    root: el('section', { class: 'search' }, label, input, list, status),
    update(view) {
      const { t } = words(view)
      label.textContent = t('search.label')
      input.placeholder = t('search.placeholder')
    }
  }
}
