// Opens a map page from disk in a real browser and uses it as a viewer would.
//
//   node tests/browser.mjs MAP.html OUT_DIR [COMPARE.html]
//
// Uses every control in both languages, the keyboard alone, paper, a phone, bad addresses and bad data. Fails on any
// console error, any request that leaves the page, any control that was not used, and any serious finding of axe-core.
// Saves a picture of each state into OUT_DIR. The browser is $CHROMIUM, or /usr/bin/chromium.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import { comparison } from './comparison.mjs'
import { openRun, withRun, withText } from './page.mjs'

const [page_file, out_dir, compare_file] = process.argv.slice(2)
if (!page_file || !out_dir) {
  console.error('usage: node browser.mjs MAP.html OUT_DIR [COMPARE.html]')
  process.exit(2)
}
mkdirSync(out_dir, { recursive: true })
const html = readFileSync(page_file, 'utf8')
const { json: run, blob } = openRun(html)
const texts = Object.fromEntries(['vi', 'en'].map(lang => [lang, JSON.parse(readFileSync(new URL(`../src/strings/${lang}.json`, import.meta.url), 'utf8'))]))
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const last = run.phases.length - 1

let passed = 0
let failed = 0
function check(what, holds, found = '') {
  if (holds) passed++
  else failed++
  console.log(`${holds ? 'ok    ' : 'FAILED'} ${what}${holds || found === '' ? '' : `: ${found}`}`)
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox', '--no-first-run', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist',
    '--disable-background-networking', '--disable-component-update'
  ]
})

const errors = []
const requests = []
const used = new Set()

/** What tells one kind of control from another; links in lists count as one kind. Runs in the page. */
function describe() {
  window.kindOf = element => {
    const control = element.closest?.('button, input, summary, a[href], [role=option], canvas.maplibregl-canvas, [role=region][tabindex]')
    if (!control) return null
    const data = [...control.attributes].filter(a => a.name.startsWith('data-')).map(a => `[${a.name}=${a.value}]`).join('')
    const of = control.closest('details, .card, .search, .timeline, .map-buttons, .skips, .layers, .differences')?.className.split(' ')[0] ?? ''
    const which = control.id.startsWith('search-') && control.role === 'option' ? '' : control.id
    const index = control.matches('.square, .skip') ? [...control.parentElement.children].indexOf(control) : ''
    return `${of} ${control.tagName.toLowerCase()} ${which} ${control.name ?? ''} ${control.type === 'radio' ? control.value : ''} ${data} ${control.className.split?.(' ').at(-1) ?? ''}${index}`
  }
  for (const type of ['click', 'input', 'change', 'keydown']) {
    document.addEventListener(type, event => {
      const kind = window.kindOf(event.target)
      if (kind) window.sawUse?.(kind)
    }, true)
  }
}

/** A page that keeps its errors and requests. */
async function open(file, { hash = '', viewport = { width: 1400, height: 900 }, quiet = false, ...options } = {}) {
  const context = await browser.newContext({ viewport, reducedMotion: 'reduce', ...options })
  await context.grantPermissions(['clipboard-read', 'clipboard-write']).catch(() => undefined)
  const page = await context.newPage()
  await page.exposeFunction('sawUse', kind => void used.add(kind))
  await page.addInitScript(describe)
  if (!quiet) {
    page.on('console', message => {
      if (message.type() === 'error') errors.push(message.text())
    })
    page.on('pageerror', error => errors.push(String(error)))
  }
  page.on('request', request => requests.push(request.url()))
  page.on('websocket', socket => requests.push(socket.url()))
  await page.goto(pathToFileURL(resolve(file)).href + hash)
  await page.waitForSelector('.panel h2, .page-failed', { timeout: 60_000, state: 'attached' })
  return page
}

/** Waits until the map's picture stays the same for a while. */
async function settled(page) {
  let before = ''
  for (let i = 0; i < 40; i++) {
    await page.waitForTimeout(350)
    const now = await picture(page)
    if (now !== '' && now === before) return now
    before = now
  }
  return before
}

/** Waits until the map differs from an earlier picture of it, at most some while, and has settled; its picture then. */
async function changed(page, before) {
  await until(page, async () => (await picture(page)) !== before, 15_000)
  return settled(page)
}

/** A digest of the maps' pixels; empty while there is none. */
async function picture(page) {
  return page.evaluate(async () => {
    const parts = []
    for (const canvas of document.querySelectorAll('.map canvas')) {
      if (canvas.offsetParent === null) continue
      const blob = await new Promise(done => canvas.toBlob(done))
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()))
      parts.push([...digest].join('.'))
    }
    return parts.join(' ')
  })
}

const shot = (page, name, options = {}) => page.screenshot({ path: join(out_dir, `${name}.png`), ...options })

/** Serious and critical findings of axe-core as the page stands. */
async function audit(page, state) {
  await page.evaluate(source => { if (!window.axe) (0, eval)(source) }, axe).catch(() => page.evaluate(axe))
  const findings = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations']
    })
    return violations.map(v => ({ id: v.id, impact: v.impact, nodes: v.nodes.slice(0, 3).map(n => `${n.target.join(' ')} ${n.any[0]?.message ?? ''}`) }))
  })
  const grave = findings.filter(f => f.impact === 'serious' || f.impact === 'critical')
  check(`axe-core: ${state}`, grave.length === 0, JSON.stringify(grave))
  for (const minor of findings.filter(f => !grave.includes(f))) console.log(`       (${minor.impact}) ${minor.id}: ${minor.nodes.join('; ')}`)
}

/** Controls smaller than 24 by 24 pixels with the label that belongs to them. Links in running text may be smaller. */
const small = page => page.evaluate(() =>
  [...document.querySelectorAll('button:not(.link), input, summary, [role=option]')].filter(e => e.offsetParent !== null && !e.closest('.visually-hidden'))
    .map(e => ({ e, boxes: [e, ...(e.labels ?? [])].map(part => part.getBoundingClientRect()) }))
    .filter(({ boxes }) => boxes[0].width > 0 && !boxes.some(box => box.width >= 23.5 && box.height >= 23.5))
    .map(({ e, boxes }) => `${e.outerHTML.slice(0, 60)} ${boxes[0].width.toFixed()}×${boxes[0].height.toFixed()}`))

const plain = text => text.normalize('NFC').replace(/[\u202a-\u202e\u2066-\u2069]/g, '')
const bare = text => text.normalize('NFD').replace(/\p{M}/gu, '').replace(/[đĐ]/g, 'd')
const commune = run.boundaries[0]?.features.features[0]?.properties

/** Goes through every control in one language. */
async function everyControl(lang) {
  const t = (key, values = {}) => texts[lang][key].replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole)
  const say = what => `${lang}: ${what}`
  used.clear()
  const page = await open(page_file, { hash: lang === 'vi' ? '' : '#lang=vi' })
  await settled(page)
  // The language itself.
  for (const other of [lang === 'vi' ? 'en' : 'vi', lang]) await page.locator(`button[data-lang=${other}]`).click()
  check(say('the title of the page'), plain(await page.title()) === plain(run.title[lang]), await page.title())
  check(say('the language of the page'), (await page.getAttribute('html', 'lang')) === lang)
  check(say('made-up data is called so'), (await page.locator('.synthetic').isVisible()) === run.synthetic)
  check(say('no text is left unfilled'), !/\{\w+\}|undefined|NaN|\[object/.test(await page.locator('body').innerText()))
  const canvas = await page.locator('.map canvas').boundingBox()
  check(say('the map fills its place'), canvas?.width > 900 && canvas.height > 700, JSON.stringify(canvas))
  check(say('the map is on top in its place'), (await page.evaluate(() => {
    const { x, y, width, height } = document.querySelector('.frame').getBoundingClientRect()
    return document.elementFromPoint(x + width / 2, y + height / 2)?.tagName
  })) === 'CANVAS')
  check(say('the map could be drawn'), !(await page.locator('.map-message').isVisible()))
  await shot(page, `first-${lang}`)
  await audit(page, say('at first'))
  check(say('targets are large enough'), (await small(page)).length === 0, (await small(page)).join(' | '))

  // The timeline, by keyboard and by its buttons.
  if (last >= 1) {
    const slider = page.locator('.phase-slider')
    const now = async () => Number(await slider.inputValue())
    await slider.focus()
    for (let i = 1; i <= last; i++) {
      const before = await picture(page)
      await page.keyboard.press('ArrowRight')
      const name = plain(await page.locator('.phase-name').innerText())
      check(say(`phase ${i + 1} is named`), name === plain(run.phases[i].name[lang]), name)
      check(say(`phase ${i + 1} is announced`), plain(await page.locator('.timeline [role=status]').textContent()).includes(name))
      check(say(`phase ${i + 1} is the slider's text`), plain(await slider.getAttribute('aria-valuetext')).includes(name))
      if (lang === 'vi' && run.agents.some(agent => agent.phase === i)) check(say(`phase ${i + 1} changes the map`), (await changed(page, before)) !== before)
    }
    check(say('the address keeps the phase'), await until(page, () => page.url().includes(`phase=${last + 1}`)), page.url())
    check(say('the next button stops at the last phase'), await page.locator('.step.next').isDisabled())
    await page.keyboard.press('Home')
    check(say('Home goes to the first phase'), (await now()) === 0)
    await page.keyboard.press('End')
    check(say('End goes to the last phase'), (await now()) === last)
    await page.locator('.step.previous').click()
    check(say('a step back'), (await now()) === last - 1)
    await page.locator('.step.next').click()
    check(say('a step on'), (await now()) === last)
    // Playing begins again at the first phase when it stands at the last.
    await page.locator('.play').click()
    check(say('playing begins at the first phase'), (await now()) === 0)
    check(say('the button now stops'), (await page.locator('.play').getAttribute('aria-label')) === t('phase.pause'))
    check(say('playing goes on by itself'), await until(page, async () => (await now()) === 1, 6000))
    await slider.focus()
    await page.keyboard.press('Space')
    const stopped = await now()
    check(say('the space bar stops it'), (await page.locator('.play').getAttribute('aria-label')) === t('phase.play'))
    await page.waitForTimeout(2300)
    check(say('and it stays stopped'), (await now()) === stopped)
    await page.keyboard.press('Space')
    check(say('the space bar starts it'), (await page.locator('.play').getAttribute('aria-label')) === t('phase.pause'))
    check(say('it stops at the last phase'), await until(page, async () => (await now()) === last &&
      (await page.locator('.play').getAttribute('aria-label')) === t('phase.play'), 2600 * (last + 1)))
    await page.keyboard.press('End')
  }

  // Indicators: an arrow, a sign and a word wherever there is colour.
  const changes = await page.locator('.figures .change').allInnerTexts()
  const words = ['better', 'worse', 'more', 'less'].map(key => t(`change.${key}`))
  const quiet = ['same', 'unknown', 'first'].map(key => t(`change.${key}`))
  check(say('every change has a sign and a word'), changes.length > 0 && changes.every(text =>
    (/[▲▼]/.test(text) && /[+\u2212]/.test(text) && words.some(word => text.includes(word))) || quiet.some(word => text.includes(word))), changes.join(' | '))
  const note = await page.locator('.indicators .note').innerText()
  check(say('today is compared with, or said to be unknown'), run.today ? (await page.locator('.indicators thead th').allInnerTexts()).includes(t('indicator.today_head')) : note.includes(t('indicator.today_unknown')), note)
  check(say('the share served is shown'), (await page.locator('.hero-value').innerText()).includes('%'))

  // Searching.
  const search = page.locator('#search')
  const options = page.locator('#search-list [role=option]')
  if (commune) {
    await search.fill(bare(commune.name).toUpperCase())
    const found = await options.allInnerTexts()
    check(say(`"${bare(commune.name)}" finds ${commune.name}`), found.some(text => plain(text).includes(plain(commune.name))), found.join(', '))
    await audit(page, say('searching'))
    if (lang === 'vi') await shot(page, 'search')
    await page.keyboard.press('ArrowDown')
    const active = await search.getAttribute('aria-activedescendant')
    check(say('the arrow marks a result'), (await page.locator(`#${active}`).getAttribute('aria-selected')) === 'true')
    await page.keyboard.press('Enter')
    await settled(page)
    check(say('what was found is shown'), plain(await page.locator('.card h2').innerText()) === plain(commune.name))
    check(say('the address keeps what is picked'), await until(page, () => page.url().includes('pick=area')), page.url())
    check(say('the commune has a row for each phase'), (await page.locator('.card tbody tr').count()) >= run.phases.length)
    await audit(page, say('the card of a commune'))
    await shot(page, `commune-${lang}`)
    await page.keyboard.press('Escape')
    check(say('Escape closes the card'), !(await page.locator('.card').isVisible()))
    check(say('and gives the focus back'), (await page.evaluate(() => document.activeElement?.id)) === 'search')
  }
  await search.fill('zzzzqq')
  check(say('nothing found is said'), (await page.locator('.search-none').innerText()) === t('search.none'))
  const [west, south, east, north] = run.bounds
  const middle = [(west + east) / 2, (south + north) / 2]
  await search.fill(`${middle[1].toFixed(3)}, ${middle[0].toFixed(3)}`)
  check(say('coordinates are understood'), (await options.first().innerText()).includes(middle[1].toFixed(3)))
  await options.first().click()
  await settled(page)
  check(say('and show a place'), (await page.locator('.card .eyebrow').first().innerText()) === t('card.place'))
  await page.locator('.card .close').click()
  const kinds = { street: run.places.kind.indexOf('street'), address: run.places.kind.indexOf('address') }
  for (const [kind, index] of Object.entries(kinds)) {
    if (index < 0) continue
    await search.fill(bare(run.places.name[index]))
    const found = await options.allInnerTexts()
    check(say(`a ${kind} is found: ${run.places.name[index]}`), found.some(text => plain(text).includes(plain(run.places.name[index]))), found.join(', '))
  }
  await search.fill('')
  await page.keyboard.press('Escape')

  // Lists, then the cards they open and the links in those.
  for (const summary of await page.locator('.panel details summary').all()) {
    if (!(await summary.isVisible())) continue
    await summary.click()
  }
  await audit(page, say('everything unfolded'))
  check(say('no text is left unfilled in the lists'), !/\{\w+\}|undefined|NaN|\[object/.test(await page.locator('body').innerText()))
  for (const region of await page.locator('.scroll[tabindex]').all()) {
    if (!(await region.isVisible())) continue
    await region.focus()
    await page.keyboard.press('ArrowRight')
  }
  if (run.agents.length > 0 && (await page.locator('.agents-list .picks button').count()) > 0) {
    const first = page.locator('.agents-list .picks button').first()
    const name = await first.innerText()
    await first.focus()
    await page.keyboard.press('Enter')
    await settled(page)
    check(say('an agent of the list is shown'), (await page.locator('.card h2').innerText()) === name)
    check(say('the card has the focus'), (await page.evaluate(() => document.activeElement?.closest('.card') !== null)))
    check(say('the map went there'), await until(page, () => page.url().includes('at=')), page.url())
    const card = await page.locator('.card').innerText()
    for (const key of ['detail.why', 'agent.serves', 'load.title']) check(say(`the card says: ${t(key)}`), card.includes(t(key)))
    await audit(page, say('the card of an agent'))
    await shot(page, `agent-${lang}`)
    await page.keyboard.press('Escape')
    check(say('the focus is back in the list'), (await page.evaluate(() => document.activeElement?.closest('.picks') !== null)))
    // In the middle of the map: by a click and by the keyboard.
    const box = await page.locator('.map').boundingBox()
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2)
    check(say('a click on the map shows it too'), await until(page, async () => (await page.locator('.card h2').innerText()) === name))
    await page.locator('.card .close').click()
    await page.locator('.map canvas').focus()
    await page.keyboard.press('Enter')
    check(say('Enter on the map shows the place in the middle'), (await page.locator('.card .eyebrow').first().innerText()) === t('card.place'))
    const link = page.locator('.card .facts button.link').first()
    if (await link.count()) {
      await audit(page, say('the card of a place'))
      await shot(page, `place-${lang}`)
      await link.click()
      await settled(page)
      check(say('its agent can be opened from there'), (await page.locator('.card .eyebrow').first().innerText()) === t('detail.agent'))
      await page.locator('.card .facts button.link').first().click()
      await settled(page)
    }
    await page.keyboard.press('Escape')
  }
  if (run.uncovered.length > 0) {
    await page.locator('.uncovered-list .picks button').first().click()
    await settled(page)
    const card = await page.locator('.card').innerText()
    check(say('an unserved place says what it would take'), card.includes(t('place.remedy')), card.slice(0, 80))
    await audit(page, say('the card of an unserved place'))
    await shot(page, `unserved-${lang}`)
    await page.locator('.card button.link').first().click()
    await page.keyboard.press('Escape')
  }
  if (run.candidates.length > 0) {
    await search.fill(run.candidates[0].id)
    await options.filter({ hasText: plain(run.candidates[0].name).slice(0, 40) }).first().click()
    await settled(page)
    check(say('a candidate says why'), (await page.locator('.card').innerText()).includes(t('detail.why')))
    await shot(page, `candidate-${lang}`)
    await page.keyboard.press('Escape')
  }

  // Every layer, off and on again; what the colours mean.
  await page.locator('.map-buttons .square').nth(2).click()
  await settled(page)
  const has = {
    agents: run.agents.length, load: run.agents.filter(agent => agent.loads[last]).length, offices: run.offices.length, uncovered: run.uncovered.length,
    candidates: run.candidates.length, cells: run.cells.count, isochrones: run.isochrones.filter(band => band.phase === last && band.geometry.coordinates.length).length,
    roads: run.roads.length, water: run.water.areas.length + run.water.lines.length, parks: run.parks.length, rail: run.rail.length
  }
  for (const box of await page.locator('input[data-layer]').all()) {
    const id = await box.getAttribute('data-layer')
    const was = await box.isChecked()
    if (lang === 'en') {
      await box.click()
      check(say(`layer ${id} is switched`), (await box.isChecked()) !== was)
      await box.click()
      continue
    }
    const before = await settled(page)
    await box.click()
    const drawn = id in has && has[id] > 0
    const other = drawn ? await changed(page, before) : await settled(page)
    // Place names and borders may have nothing to draw at this zoom, or be hidden by others.
    if (drawn) check(say(`layer ${id} changes the map`), other !== before)
    else if (id in has) check(say(`layer ${id} is empty and changes nothing`), other === before)
    await box.click()
    const back = drawn ? await changed(page, other) : await settled(page)
    if (['cells', 'isochrones', 'roads', 'water', 'parks', 'rail'].includes(id)) check(say(`layer ${id} comes back as it was`), back === before)
  }
  for (const [layer, name] of [['cells', 'colouring'], ['indicators', 'indicator']]) {
    const box = page.locator(`input[data-layer=${layer}]`)
    const was = await box.isChecked()
    if (!was) await box.check()
    for (const radio of await page.locator(`input[name=${name}]`).all()) {
      await radio.check()
      const value = await radio.getAttribute('value')
      check(say(`${name} ${value} is in the address`), await until(page, () => page.url().includes(`=${value}`)), page.url())
      const legend = await page.locator(`.layer:has([data-layer=${layer}]) .legend-body`).innerText()
      check(say(`${name} ${value} has a legend`), legend.length > 20 && !/\{\w+\}/.test(legend), legend)
    }
    await page.locator(`input[name=${name}]`).first().check()
    if (!was) await box.uncheck()
  }

  // The rest of the buttons.
  for (const i of [0, 1, 2]) {
    await page.locator('.map-buttons .square').nth(i).click()
    await settled(page)
  }
  await page.locator('[data-tool=link]').click()
  check(say('the link was copied, and that is said'), await until(page, async () => (await page.locator('[data-tool=link]').innerText()) === t('link.copied')))
  const copied = await page.evaluate(() => navigator.clipboard.readText()).catch(() => null)
  check(say('it is the address of the view'), copied === null || copied === page.url(), `${copied} / ${page.url()}`)
  await page.evaluate(() => { window.print = () => { window.printed = true } })
  await page.locator('[data-tool=print]').click()
  check(say('the print button prints'), await page.evaluate(() => window.printed === true))
  for (const skip of await page.locator('.skip').all()) {
    await skip.focus()
    await page.keyboard.press('Enter')
    const target = (await skip.getAttribute('href')).slice(1)
    check(say(`the skip link goes to ${target}`), (await page.evaluate(() => document.activeElement?.id)) === target)
  }
  const kindsOnPage = await page.evaluate(() => [...new Set([...document.querySelectorAll('button, input, summary, a[href], canvas.maplibregl-canvas, [role=region][tabindex]')]
    .filter(e => e.offsetParent !== null && !e.closest('.card') || e.matches('.skip')).filter(e => !e.disabled).map(window.kindOf))])
  const never = kindsOnPage.filter(kind => !used.has(kind))
  check(say(`every kind of control was used (${kindsOnPage.length})`), never.length === 0, never.join(' | '))

  // Paper.
  const paper = await page.pdf({ path: join(out_dir, `print-${lang}.pdf`), preferCSSPageSize: true, printBackground: true })
  const raw = paper.toString('latin1')
  const sheets = raw.match(/\/Type\s*\/Page\b/g)?.length
  check(say('it prints on one sheet'), sheets === 1, `${sheets} sheets`)
  check(say('the sheet is A4 landscape'), /\/MediaBox\s*\[0 0 84[12][.\d]* 59[45][.\d]*\]/.test(raw))
  const widths = [...raw.matchAll(/\/Width (\d+)/g)].map(match => Number(match[1]))
  check(say('the picture of the map is on it'), Math.max(0, ...widths) > 1000, widths.join(', '))
  await page.emulateMedia({ media: 'print' })
  await page.setViewportSize({ width: 1055, height: 722 })
  await page.waitForTimeout(800)
  const sheet = await page.locator('.sheet-part').allInnerTexts()
  check(say('paper holds title, phase, figures, legend, date and sources'), plain(sheet.join('\n')).includes(plain(run.title[lang])) &&
    sheet.join('\n').includes(t('print.legend')) && sheet.join('\n').includes(t('print.sources')) && (await page.locator('.sheet-figure').count()) > 4, sheet.join(' / '))
  const visible = await page.evaluate(() => [...document.querySelectorAll('button, input')].filter(e => e.offsetParent !== null).length)
  check(say('no control is on paper'), visible === 0, String(visible))
  const cut = await page.evaluate(() => ['.sheet-legend', '.sheet-foot'].filter(name => {
    const part = document.querySelector(name)
    return part.scrollHeight > part.clientHeight + 2
  }))
  check(say('nothing on paper is cut off'), cut.length === 0, cut.join(', '))
  await shot(page, `print-${lang}`)
  await page.context().close()
}

/** Waits for something to hold. */
async function until(page, holds, most = 3000) {
  for (let waited = 0; waited <= most; waited += 100) {
    if (await holds()) return true
    await page.waitForTimeout(100)
  }
  return false
}

/** Tabs through the whole page. */
async function keyboardPath() {
  const page = await open(page_file)
  await settled(page)
  const seen = []
  const hidden = []
  for (let i = 0; i < 400; i++) {
    await page.keyboard.press('Tab')
    const at = await page.evaluate(() => {
      const e = document.activeElement
      if (!e || e === document.body) return null
      const style = getComputedStyle(e)
      const box = e.getBoundingClientRect()
      return { kind: window.kindOf(e) ?? e.tagName, place: e.closest('.skips, .top, main, .panel')?.className || e.closest('main')?.id || '',
        outline: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2, inView: box.bottom > 0 && box.top < innerHeight && box.right > 0 }
    })
    if (!at) break
    seen.push(at)
    if (!at.outline || !at.inView) hidden.push(at.kind)
  }
  check('keyboard: the first stop is the skip link', seen[0]?.kind.includes('skip'), seen[0]?.kind)
  check('keyboard: the focus can always be seen', hidden.length === 0, [...new Set(hidden)].join(' | '))
  const order = [...new Set(seen.map(at => at.place))].map(place => place.split(' ')[0])
  check('keyboard: skip links, then head and search, then the map, then the figures', order.join(' ') === 'skips top map panel', order.join(' '))
  const expected = await page.evaluate(() => [...document.querySelectorAll('button, input, summary, canvas.maplibregl-canvas')]
    .filter(e => e.checkVisibility() && e.offsetParent !== null && !e.disabled && (e.type !== 'radio' || e.checked)).map(window.kindOf))
  const missed = [...new Set(expected)].filter(kind => !seen.some(at => at.kind === kind))
  check(`keyboard: every control can be reached (${seen.length} stops)`, missed.length === 0, missed.join(' | '))
  await page.context().close()
}

/** A picture of each layer alone, and of each meaning of its colours. */
async function pictures() {
  const page = await open(page_file, { hash: `#phase=${last + 1}` })
  const base = 'water.parks.roads.rail.boundary0'
  const ids = await page.locator('input[data-layer]').evaluateAll(boxes => boxes.map(box => box.dataset.layer))
  const views = ids.flatMap(id => id === 'cells' ? ['time', 'people', 'served'].map(colour => [`cells-${colour}`, `layers=cells.${base}&colour=${colour}`])
    : id === 'indicators' ? ['served', 'mean_time', 'p90_time', 'worst_time', 'people', 'change_before', 'change_today'].map(areas => [`indicators-${areas}`, `layers=indicators.water&areas=${areas}`])
    : [[id, `layers=${id}.${base}`]])
  for (const [i, [name, hash]] of views.entries()) {
    await page.evaluate(text => { location.hash = text }, `lang=${i % 2 ? 'en' : 'vi'}&phase=${last + 1}&${hash}`)
    // Travel-time bands are large and cut into tiles only now.
    if (name === 'isochrones') await page.waitForTimeout(8000)
    await settled(page)
    await page.locator('.layer:not(.off) .legend-body').first().scrollIntoViewIfNeeded().catch(() => undefined)
    await shot(page, `layer-${name}`)
  }
  check('a changed address changes the view', (await page.locator('.phase-slider').inputValue().catch(() => String(last))) === String(last))
  await page.context().close()
}

/** Addresses, sound and not. */
async function addresses() {
  const pick = run.agents[0] ? `&pick=agent:${encodeURIComponent(run.agents[0].id)}` : ''
  const page = await open(page_file, { hash: `#lang=en&phase=${last + 1}&colour=people&layers=cells.agents${pick}` })
  await settled(page)
  check('an address brings back the language', (await page.getAttribute('html', 'lang')) === 'en')
  check('… the phase', last < 1 || (await page.locator('.phase-slider').inputValue()) === String(last))
  check('… the layers', (await page.locator('input[data-layer]:checked').evaluateAll(all => all.map(box => box.dataset.layer).sort().join(' '))) === 'agents cells')
  check('… the colours', await page.locator('input[value=people]').first().isChecked())
  if (pick) check('… what is picked', plain(await page.locator('.card h2').innerText()) === plain(run.agents[0].name))
  await page.context().close()
  for (const hash of ['#', '#lang=xx&phase=99&colour=%00&layers=<img>&at=a/b/c&pick=agent:', '#%E0%A4%A&pick=%', `#pick=${'9'.repeat(5000)}`,
    '#phase=-1&at=99/999/999&areas=__proto__&pick=cell:1e99,1e99', '#pick=area:communes:%3Cscript%3E&layers=....']) {
    const odd = await open(page_file, { hash })
    await settled(odd)
    check(`nonsense is ignored: ${hash.slice(0, 40)}`, (await odd.locator('.hero-value').count()) === 1 && (await odd.locator('.card').isHidden()) && (await odd.getAttribute('html', 'lang')) === 'vi')
    await odd.context().close()
  }
}

/** Names that would do harm if they were read as anything but text. */
async function hostileNames() {
  const evil = ['</script><script>window.hacked=1</script>', '<img src=x onerror="window.hacked=1">', '\u202eTXET\u202c "\'&lt;b&gt;', 'x'.repeat(10_000), '=cmd()|\u0000\u0007']
  const json = structuredClone(run)
  json.title = { vi: evil[0] + evil[3], en: evil[1] }
  json.notes = evil.map(text => ({ vi: text, en: text }))
  json.attribution = evil
  json.sources = evil.map(text => ({ of: 'other', name: { vi: text, en: text }, date: text, licence: text, url: text }))
  json.phases.forEach((phase, i) => { phase.name = { vi: evil[i % 5], en: evil[i % 5] } })
  json.agents.forEach((agent, i) => { agent.name = evil[i % 5]; agent.why = { vi: evil[i % 5], en: evil[i % 5] } })
  json.candidates.forEach((candidate, i) => { candidate.name = evil[i % 5] })
  json.uncovered.forEach((place, i) => { place.name = evil[i % 5]; place.help = { vi: evil[i % 5], en: evil[i % 5] } })
  json.boundaries.forEach(layer => {
    layer.name = { vi: evil[2], en: evil[2] }
    layer.features.features.forEach((feature, i) => { feature.properties.name = evil[i % 5] })
  })
  json.places.name = json.places.name.map((_, i) => evil[i % 5])
  const file = join(out_dir, 'hostile.html')
  writeFileSync(file, withRun(html, { json, blob }))
  for (const viewport of [{ width: 1400, height: 900 }, { width: 360, height: 740 }]) {
    const page = await open(file, { viewport, hash: `#phase=${last + 1}` })
    await settled(page)
    for (const summary of await page.locator('.panel details summary').all()) if (await summary.isVisible()) await summary.click()
    await page.locator('#search').fill('img')
    await page.waitForTimeout(300)
    check(`hostile names are found as text, ${viewport.width} px`, (await page.locator('#search-list [role=option]').count()) > 0)
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await settled(page)
    const shown = await page.locator('.card h2').innerText()
    check(`and shown as text, ${viewport.width} px`, shown.includes('<img src=x onerror='), shown.slice(0, 60))
    check(`nothing of them became an element, ${viewport.width} px`, (await page.locator('#app :is(script, iframe, b b), #app img:not(.paper)').count()) === 0)
    check(`nothing of them ran, ${viewport.width} px`, await page.evaluate(() => window.hacked === undefined))
    const wide = await page.evaluate(() => document.documentElement.scrollWidth)
    check(`10,000 letters do not widen the page, ${viewport.width} px`, wide <= viewport.width, `${wide} px`)
    await shot(page, `hostile-${viewport.width}`)
    await page.context().close()
  }
}

/** What a viewer sees when something is missing. */
async function hardship() {
  const file = join(out_dir, 'broken.html')
  writeFileSync(file, withText(html, 'bm9uc2Vuc2U='))
  const broken = await open(file, { quiet: true })
  const said = await broken.locator('.page-failed').allInnerTexts()
  check('broken data is said in both languages', said.length === 2 && said.every(text => text.length > 20), said.join(' | '))
  await broken.context().close()

  const context = await browser.newContext({ viewport: { width: 1200, height: 800 } })
  const page = await context.newPage()
  await page.addInitScript(() => {
    const real = HTMLCanvasElement.prototype.getContext
    HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
      return /webgl/.test(kind) ? null : real.call(this, kind, ...rest)
    }
  })
  await page.goto(pathToFileURL(resolve(page_file)).href)
  await page.waitForSelector('.panel h2')
  check('without WebGL the map says so', await page.locator('.map-message').isVisible())
  check('and the figures can still be read', (await page.locator('.hero-value').innerText()).includes('%'))
  await context.close()

  const guarded = await open(page_file, { quiet: true })
  const stopped = await guarded.evaluate(() => new Promise(done => {
    document.addEventListener('securitypolicyviolation', event => done(event.effectiveDirective), { once: true })
    setTimeout(() => done('nothing'), 3000)
    fetch('http://127.0.0.1:9/').catch(() => undefined)
  }))
  check('the policy of the page stops a request', stopped === 'connect-src', stopped)
  const ran = await guarded.evaluate(() => {
    const script = document.createElement('script')
    script.textContent = 'window.ran = true'
    document.body.append(script)
    return window.ran === true
  })
  check('the policy of the page stops a foreign script', !ran)
  await guarded.context().close()
}

async function phone() {
  for (const lang of ['vi', 'en']) {
    const page = await open(page_file, { viewport: { width: 360, height: 740 }, hash: `#lang=${lang}&phase=${last + 1}`, hasTouch: true, isMobile: true })
    await settled(page)
    const wide = await page.evaluate(() => document.documentElement.scrollWidth)
    check(`${lang}: nothing is wider than a phone`, wide <= 360, `${wide} px`)
    const map = await page.locator('.map canvas').boundingBox()
    check(`${lang}: the map is there on a phone`, map?.width >= 350 && map.height >= 300, JSON.stringify(map))
    await audit(page, `${lang}: a phone`)
    check(`${lang}: targets are large enough on a phone`, (await small(page)).length === 0, (await small(page)).join(' | '))
    await shot(page, `phone-${lang}`)
    await shot(page, `phone-whole-${lang}`, { fullPage: true })
    await page.locator('.map').tap()
    await page.waitForTimeout(400)
    if (await page.locator('.card').isVisible()) {
      const card = await page.locator('.card').boundingBox()
      check(`${lang}: the card fits a phone`, card.width <= 360 && card.height < 500, JSON.stringify(card))
      await audit(page, `${lang}: a phone with a card`)
      await shot(page, `phone-card-${lang}`)
    }
    await page.context().close()
  }
  const contrast = await open(page_file, { forcedColors: 'active', hash: `#phase=${last + 1}` })
  await settled(contrast)
  await shot(contrast, 'forced-colours')
  await contrast.context().close()
  const zoomed = await open(page_file, { viewport: { width: 640, height: 512 } })
  const wide = await zoomed.evaluate(() => document.documentElement.scrollWidth)
  check('at 200 % of 1280 px nothing is cut', wide <= 640, `${wide} px`)
  await zoomed.context().close()
}

const parts = { vi: () => everyControl('vi'), en: () => everyControl('en'), keyboardPath, pictures, addresses, hostileNames, hardship, phone,
  ...(compare_file ? { comparison: () => comparison(compare_file, { open, settled, check, audit, shot, small, until, texts, plain, bare, used, out_dir }) } : {}) }
// For work on one part: PARTS="phone comparison" node tests/browser.mjs …
const wanted = process.env.PARTS?.split(' ') ?? Object.keys(parts)
for (const [name, part] of Object.entries(parts)) {
  if (!wanted.includes(name)) continue
  const started = Date.now()
  try {
    await part()
  } catch (error) {
    check(`the part ${name}`, false, String(error?.stack ?? error).slice(0, 900))
  }
  console.log(`       ${name}: ${((Date.now() - started) / 1000).toFixed(0)} s`)
}
const outside = requests.filter(url => !/^(file|blob|data):/.test(url) && url !== 'http://127.0.0.1:9/')
check('no request leaves the page', outside.length === 0, outside.join(', '))
const files = [...new Set(requests.filter(url => url.startsWith('file:')).map(url => url.split('#')[0]))]
check('only the pages themselves are read from disk', files.every(url => url.endsWith('.html')), files.join(', '))
check('no error on the console', errors.length === 0, errors.join(' | '))
await browser.close()
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
