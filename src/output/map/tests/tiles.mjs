// Online tiles: asked for only when switched on, from nowhere else, and not missed when there are none.
//
//   gandan map RUN --tiles 'https://tiles.example.org/{z}/{x}/{y}.png' --out MAP.html
//   node tests/tiles.mjs MAP.html
//
// Puts an address of tiles into a copy of the page and answers it from here; no request reaches a network. The browser is
// $CHROMIUM, or /usr/bin/chromium.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { chromium } from 'playwright-core'

const [page_file] = process.argv.slice(2)
if (!page_file) {
  console.error('usage: node tiles.mjs MAP.html')
  process.exit(2)
}

/** The page with another address of tiles in its data. */
function offering(tiles) {
  return readFileSync(page_file, 'utf8').replace(/(<script id="gandan-run"[^>]*>)([^<]*)/, (_, open, text) => {
    const data = inflateRawSync(Buffer.from(text, 'base64'))
    const length = data.readUInt32LE(0)
    const json = Buffer.from(JSON.stringify({ ...JSON.parse(data.subarray(4, 4 + length)), tiles }))
    const head = Buffer.alloc(4)
    head.writeUInt32LE(json.length)
    return open + deflateRawSync(Buffer.concat([head, json, data.subarray(4 + length)])).toString('base64')
  })
}

let failed = 0
function check(what, holds, found = '') {
  if (!holds) failed++
  console.log(`${holds ? 'ok    ' : 'FAILED'} ${what}${holds || found === '' ? '' : `: ${found}`}`)
}

const folder = mkdtempSync(join(tmpdir(), 'gandan-tiles-'))
const ORIGIN = 'https://tiles.example.org'
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--no-first-run', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist']
})

/** Opens the page with some layers; answers tiles with a red picture, or fails them. */
async function look(tiles, layers, answered) {
  const file = join(folder, 'map.html')
  writeFileSync(file, offering(tiles))
  const context = await browser.newContext({ viewport: { width: 900, height: 600 }, reducedMotion: 'reduce' })
  const asked = []
  const page = await context.newPage()
  // One red pixel.
  const red = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC', 'base64')
  await context.route(url => !/^(file|blob|data):$/.test(url.protocol), route => {
    asked.push(route.request().url())
    const headers = { 'access-control-allow-origin': '*' }
    return answered ? route.fulfill({ body: red, contentType: 'image/png', headers }) : route.abort()
  })
  await page.goto(`${pathToFileURL(file).href}#layers=${layers}`)
  await page.waitForFunction(() => performance.getEntriesByName('gandan-map-complete').length > 0, null, { timeout: 60_000 })
  await page.waitForTimeout(2000)
  const red_share = await page.evaluate(() => {
    const map = document.querySelector('.map canvas')
    const copy = document.createElement('canvas')
    copy.width = map.width
    copy.height = map.height
    const context = copy.getContext('2d')
    context.drawImage(map, 0, 0)
    const { data } = context.getImageData(0, 0, copy.width, copy.height)
    let red = 0
    for (let i = 0; i < data.length; i += 4) if (data[i] > 150 && data[i + 1] < 100 && data[i + 2] < 100) red++
    return red / (data.length / 4)
  })
  const picture = await page.evaluate(() => document.querySelector('.map canvas').toDataURL())
  const shown = asked.length
  const reached = await page.evaluate(async () => {
    const tried = ['https://elsewhere.example.org/', 'http://127.0.0.1:9/']
    const results = await Promise.all(tried.map(url => fetch(url).then(() => url, () => null)))
    return results.filter(Boolean)
  })
  await context.close()
  return { asked, shown, red_share, reached, picture }
}

try {
  const template = `${ORIGIN}/{z}/{x}/{y}.png`
  const off = await look(template, 'roads.water', true)
  check('tiles that are not switched on are not asked for', off.asked.length === 0, off.asked[0])
  check('nothing red without them', off.red_share === 0, String(off.red_share))

  const on = await look(template, 'roads.water.tiles', true)
  check('tiles that are switched on are asked for', on.shown > 0)
  check('they are asked for there and nowhere else', on.asked.every(url => url.startsWith(`${ORIGIN}/`)), on.asked.join(' '))
  check('they are drawn', on.red_share > 0.8, String(on.red_share))
  check('no other address can be reached', on.reached.length === 0, on.reached.join(' '))

  const missing = await look(template, 'roads.water.tiles', false)
  const own = await look(null, 'roads.water.tiles', false)
  check('without tiles nothing is red', missing.red_share === 0, String(missing.red_share))
  check('the page shows its own background then', missing.picture === own.picture && own.picture !== on.picture)
  check('a page that offers none asks for none', own.asked.length === 0, own.asked[0])
  check('and reaches nothing', own.reached.length === 0, own.reached.join(' '))

  const insecure = await look('http://tiles.example.org/{z}/{x}/{y}.png', 'roads.water.tiles', true)
  check('an address without https is not used', insecure.asked.length === 0, insecure.asked[0])
} finally {
  await browser.close()
  rmSync(folder, { recursive: true })
}
process.exitCode = failed > 0 ? 1 : 0
