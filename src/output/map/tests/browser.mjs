// Opens a map page from disk in a real browser and uses it as a viewer would.
//
//   node tests/browser.mjs MAP.html OUT_DIR
//
// Fails on any console error, any page error and any request that leaves the page. Saves first.png, last.png, en.png,
// phone.png and print.pdf into OUT_DIR. The browser is $CHROMIUM, or /usr/bin/chromium.
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

const [page_file, out_dir] = process.argv.slice(2)
if (!page_file || !out_dir) {
  console.error('usage: node browser.mjs MAP.html OUT_DIR')
  process.exit(2)
}
mkdirSync(out_dir, { recursive: true })
const address = pathToFileURL(resolve(page_file)).href

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

/** A page that keeps its errors and requests. */
async function open(viewport, hash = '') {
  const context = await browser.newContext({ viewport, reducedMotion: 'reduce' })
  const page = await context.newPage()
  page.on('console', message => {
    if (message.type() === 'error') errors.push(message.text())
  })
  page.on('pageerror', error => errors.push(String(error)))
  page.on('request', request => requests.push(request.url()))
  page.on('websocket', socket => requests.push(socket.url()))
  await page.goto(address + hash)
  await page.waitForSelector('.panel h1')
  await settled(page)
  return page
}

/** Waits until the map's picture stays the same for a while. */
async function settled(page) {
  let before = ''
  for (let i = 0; i < 40; i++) {
    await page.waitForTimeout(400)
    const now = await picture(page)
    if (now !== '' && now === before) return
    before = now
  }
}

/** A digest of the map's pixels; empty while there is no map. */
async function picture(page) {
  return page.evaluate(async () => {
    const canvas = document.querySelector('.map canvas')
    if (!canvas) return ''
    const blob = await new Promise(done => canvas.toBlob(done))
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()))
    return [...digest].join('.')
  })
}

const panel = page => page.locator('.panel').innerText()

try {
  const page = await open({ width: 1400, height: 900 })
  const run = await page.evaluate(() => {
    const json = JSON.parse(document.getElementById('gandan-run').textContent)
    return { ...json, cells: { count: json.cells.count } }
  })
  const phases = run.phases.length
  check('the title is the Vietnamese one', (await page.title()) === run.title.vi, await page.title())
  check('the language of the page is Vietnamese', (await page.getAttribute('html', 'lang')) === 'vi')
  check('made-up data is called so', (await page.locator('.synthetic').isVisible()) === run.synthetic)
  check('the map is drawn', (await page.locator('.map canvas').count()) === 1)
  const canvas = await page.locator('.map canvas').boundingBox()
  check('the map fills its place', canvas?.width > 900 && canvas.height > 800, JSON.stringify(canvas))
  check('the map can be seen', (await page.evaluate(() => {
    const { x, y, width, height } = document.querySelector('#map').getBoundingClientRect()
    return document.elementFromPoint(x + width / 2, y + height / 2)?.tagName
  })) === 'CANVAS')
  check('the map could be drawn', !(await page.locator('.map-message').isVisible()))
  await page.screenshot({ path: join(out_dir, 'first.png') })

  // Phases, with the keyboard.
  if (phases > 1) {
    const slider = page.locator('#phase-slider')
    await slider.focus()
    for (let i = 1; i < phases; i++) {
      const before = await picture(page)
      await page.keyboard.press('ArrowRight')
      await settled(page)
      const name = await page.locator('.phase-name').innerText()
      check(`phase ${i + 1} is named`, name.normalize('NFC') === run.phases[i].name.vi.normalize('NFC'), name)
      const opens = run.agents.some(agent => agent.phase === i && !agent.fixed)
      if (opens) check(`phase ${i + 1} changes the map`, (await picture(page)) !== before)
    }
    check('the address keeps the phase', page.url().includes(`phase=${phases}`), page.url())
    check('the next button stops at the last phase', await page.locator('.phase-controls .round').nth(1).isDisabled())
  }
  await page.screenshot({ path: join(out_dir, 'last.png') })

  // Every layer, off and on again.
  const has = {
    agents: run.agents.length, uncovered: run.uncovered.length, cells: run.cells.count,
    isochrones: run.isochrones.filter(band => band.phase === phases - 1).length,
    candidates: run.candidates.length, roads: run.roads.length, water: run.water.features.length
  }
  const boxes = page.locator('input[data-layer]')
  for (let i = 0; i < (await boxes.count()); i++) {
    const box = boxes.nth(i)
    const id = await box.getAttribute('data-layer')
    const before = await picture(page)
    await box.click()
    await settled(page)
    const other = await picture(page)
    if (has[id] ?? true) check(`layer ${id} changes the map`, other !== before)
    else check(`layer ${id} is empty and changes nothing`, other === before)
    await box.click()
    await settled(page)
    const back = await picture(page)
    // Names step aside for symbols, and need not step back to where they stood; all else is the same to the pixel.
    const exact = ['cells', 'isochrones', 'roads', 'water'].includes(id)
    if (exact) check(`layer ${id} comes back as it was`, back === before)
    else if (has[id] ?? true) check(`layer ${id} comes back`, back !== other)
  }
  for (const colouring of ['people', 'served', 'time']) {
    if (run.cells.count === 0) break
    const before = await picture(page)
    await page.locator(`input[value=${colouring}]`).click()
    await settled(page)
    check(`colouring by ${colouring} changes the map`, (await picture(page)) !== before)
  }

  // Searching without marks.
  const commune = run.boundaries[0]?.features.features[0]?.properties.name.normalize('NFC')
  if (commune) {
    const bare = commune.normalize('NFD').replace(/\p{M}/gu, '').replace(/[đĐ]/g, 'd').toUpperCase()
    await page.locator('#search').fill(bare)
    const found = await page.locator('#search-list [role=option]').allInnerTexts()
    check(`"${bare}" finds ${commune}`, found.some(text => text.includes(commune)), found.join(', '))
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await settled(page)
    check('what was found is shown', await page.locator('.details').isVisible())
    check('the address keeps the place', page.url().includes('at='), page.url())
    await page.locator('#search').fill('zzzz')
    check('nothing found is said', (await page.locator('#search-list').innerText()).trim() !== '')
    await page.locator('#search').fill('')
    await page.keyboard.press('Escape')
  }

  // An agent, picked on the map: flown to from its list, so that it stands in the middle.
  const opened = run.agents.filter(agent => agent.phase === phases - 1 && !agent.fixed)
  if (opened.length > 0) {
    await page.locator('.agents-list summary').click()
    const first = page.locator('.agents-list .picks button').first()
    const name = await first.innerText()
    await first.click()
    await settled(page)
    await page.locator('.details .close').click()
    check('the card can be closed', !(await page.locator('.details').isVisible()))
    const map = await page.locator('.map').boundingBox()
    await page.mouse.click(map.x + map.width / 2, map.y + map.height / 2)
    await page.waitForTimeout(300)
    const card = await page.locator('.details').innerText()
    check(`a click on the map shows ${name}`, card.includes(name), card.slice(0, 80))
    await page.screenshot({ path: join(out_dir, 'agent.png') })
    check('text of the data stays text', (await page.locator('.details :is(b, img, script, i)').count()) === 0)
    await page.keyboard.press('Escape')
  }
  // A cell beside it.
  if (run.cells.count > 0) {
    await page.locator('.map-buttons button').nth(2).click()
    await settled(page)
    for (const id of ['agents', 'candidates', 'uncovered']) await page.locator(`input[data-layer=${id}]`).uncheck()
    const map = await page.locator('.map').boundingBox()
    let hit = false
    for (const [x, y] of [[0.5, 0.5], [0.45, 0.45], [0.55, 0.55], [0.4, 0.6], [0.6, 0.4]]) {
      await page.mouse.click(map.x + map.width * x, map.y + map.height * y)
      await page.waitForTimeout(200)
      hit = (await page.locator('.details table tbody tr').count()) === phases
      if (hit) break
    }
    check('a click on a cell shows a row for each phase', hit)
    await page.keyboard.press('Escape')
    for (const id of ['agents', 'uncovered']) await page.locator(`input[data-layer=${id}]`).check()
    await settled(page)
  }

  // The other language.
  const vietnamese = await panel(page)
  await page.locator('button[data-lang=en]').click()
  const english = await panel(page)
  check('the panel changes its language', english !== vietnamese && english.includes(run.title.en))
  check('the language of the page is English', (await page.getAttribute('html', 'lang')) === 'en')
  await settled(page)
  await page.screenshot({ path: join(out_dir, 'en.png') })
  check('every control has a name', (await unnamed(page)).length === 0, (await unnamed(page)).join(', '))
  const paper = await page.pdf({ path: join(out_dir, 'print.pdf'), preferCSSPageSize: true, printBackground: true })
  const sheets = paper.toString('latin1').match(/\/Type\s*\/Page\b/g)?.length
  check('it prints on one sheet', sheets === 1, `${sheets} sheets`)
  check('the sheet is A4 landscape', /\/MediaBox\s*\[0 0 84[12][.\d]* 59[45][.\d]*\]/.test(paper.toString('latin1')))

  // The address brings the view back.
  const again = await open({ width: 1400, height: 900 }, new URL(page.url()).hash)
  check('an address brings back language and phase', (await again.getAttribute('html', 'lang')) === 'en' &&
    (phases === 0 || (await again.locator('#phase-slider').count()) === 0 || (await again.locator('#phase-slider').inputValue()) === String(phases - 1)))
  await again.context().close()
  await page.context().close()

  // The policy of the page, tried from inside it.
  const context = await browser.newContext()
  const guarded = await context.newPage()
  await guarded.goto(address)
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
  await context.close()

  // A phone.
  const phone = await open({ width: 390, height: 844 })
  const wide = await phone.evaluate(() => document.documentElement.scrollWidth)
  check('nothing is wider than a phone', wide <= 390, `${wide} px`)
  await phone.screenshot({ path: join(out_dir, 'phone.png') })
  await phone.screenshot({ path: join(out_dir, 'phone-whole.png'), fullPage: true })
  await phone.context().close()

  const outside = requests.filter(url => !/^(file|blob|data):/.test(url))
  check('no request leaves the page', outside.length === 0, outside.join(', '))
  const files = [...new Set(requests.filter(url => url.startsWith('file:')).map(url => url.split('#')[0]))]
  check('only the page itself is read from disk', files.length === 1, files.join(', '))
  check('no error on the console', errors.length === 0, errors.join(' | '))
} catch (error) {
  check('the run of this test', false, String(error))
} finally {
  await browser.close()
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0

/** Controls that a screen reader could not name. */
async function unnamed(page) {
  return page.evaluate(() =>
    [...document.querySelectorAll('button, input, [role=region], [role=img]')]
      .filter(e => !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.[0]?.textContent.trim()))
      .map(e => e.outerHTML.slice(0, 80))
  )
}
