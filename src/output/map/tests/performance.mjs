// Measures how fast a map page draws and how smoothly it moves, in a real browser on a software renderer, which is slower
// than any laptop's graphics.
//
//   node tests/performance.mjs MAP.html OUT.json [REPEATS]
//
// Opens the page from disk with an empty cache, then drags and zooms the map with all first layers on, frame by frame.
// Writes the times in milliseconds: to the first paint of the page, to the first picture of the map with its cells, until
// everything in view is drawn, until the page answers the viewer again; median and 95th percentile of the frames while
// panning and while zooming; the longest task of the main thread. Fails only on what nobody could call usable, because
// the machine that runs it is not known. The browser is $CHROMIUM, or /usr/bin/chromium.
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

const [page_file, out_file, repeats_text] = process.argv.slice(2)
if (!page_file || !out_file) {
  console.error('usage: node performance.mjs MAP.html OUT.json [REPEATS]')
  process.exit(2)
}
const repeats = Math.max(1, Number(repeats_text ?? 3))
const address = pathToFileURL(resolve(page_file)).href
/** Milliseconds; several times what an idle machine of two cores without a graphics card needs. */
const LIMITS = { first_paint: 10_000, map_first: 20_000, frame_median: 250 }

const median = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? null
const share = (values, part) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? null
const rounded = value => (value === null ? null : Math.round(value * 10) / 10)

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox', '--no-first-run', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist',
    '--disable-background-networking', '--disable-component-update'
  ]
})

/** Keeps what the browser tells about long tasks from the very beginning. */
function watch() {
  window.tasks = []
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) window.tasks.push([entry.startTime, entry.duration])
  }).observe({ type: 'longtask', buffered: true })
}

/** The times between frames of the page while `act` goes on. */
async function frames(page, act) {
  await page.evaluate(() => {
    window.frames_at = []
    window.counting = true
    const count = now => {
      window.frames_at.push(now)
      if (window.counting) requestAnimationFrame(count)
    }
    requestAnimationFrame(count)
  })
  await act()
  const at = await page.evaluate(() => {
    window.counting = false
    return window.frames_at
  })
  return at.slice(1).map((now, i) => now - at[i])
}

async function once() {
  const context = await browser.newContext({ viewport: { width: 1366, height: 768 } })
  const page = await context.newPage()
  const errors = []
  page.on('console', message => message.type() === 'error' && errors.push(message.text()))
  page.on('pageerror', error => errors.push(String(error)))
  await page.addInitScript(watch)
  await page.goto(address)
  await page.waitForFunction(() => performance.getEntriesByName('gandan-map-complete').length > 0, null, { timeout: 120_000 })
  const opening = await page.evaluate(() => {
    const at = name => performance.getEntriesByName(name)[0]?.startTime ?? null
    const first_map = at('gandan-map-first')
    // The page answers again once the long task in which the map was first drawn is over.
    const blocking = window.tasks.filter(([start]) => start <= first_map).map(([start, length]) => start + length)
    return {
      first_paint: at('first-contentful-paint'),
      data_read: at('gandan-run-read'),
      map_first: first_map,
      interactive: Math.max(first_map, ...blocking),
      map_complete: at('gandan-map-complete'),
      longest_task: Math.max(0, ...window.tasks.map(([, length]) => length))
    }
  })
  // Whatever is put off until the map stands.
  await page.waitForTimeout(1500)
  const box = await page.locator('.map canvas').first().boundingBox()
  const middle = [box.x + box.width / 2, box.y + box.height / 2]
  const panning = await frames(page, async () => {
    for (let turn = 0; turn < 4; turn++) {
      const [dx, dy] = [[-1, 0], [0, -1], [1, 0], [0, 1]][turn]
      await page.mouse.move(...middle)
      await page.mouse.down()
      for (let step = 1; step <= 25; step++) await page.mouse.move(middle[0] + dx * step * 8, middle[1] + dy * step * 8)
      await page.mouse.up()
    }
  })
  const zooming = await frames(page, async () => {
    await page.mouse.move(...middle)
    for (const direction of [-1, 1]) {
      for (let step = 0; step < 20; step++) {
        await page.mouse.wheel(0, direction * 100)
        await page.waitForTimeout(30)
      }
    }
    await page.waitForTimeout(500)
  })
  // The next phase of the slider: one byte a cell is sent, and the symbols change.
  const cells = await page.evaluate(() => performance.getEntriesByName('gandan-run-read')[0]?.detail ?? null)
  const memory = await page.evaluate(() => performance.memory?.usedJSHeapSize ?? null)
  await context.close()
  return { opening, panning, zooming, cells, memory, errors }
}

const runs = []
for (let i = 0; i < repeats; i++) runs.push(await once())
await browser.close()

const middle_of = pick => rounded(median(runs.map(pick).filter(value => value !== null)))
const result = {
  page: page_file,
  page_mb: rounded(statSync(page_file).size / 1e6),
  data: runs[0].cells,
  machine: { cores: cpus().length, model: cpus()[0]?.model ?? '', load: loadavg()[0], renderer: 'SwiftShader' },
  repeats,
  opening_ms: Object.fromEntries(Object.keys(runs[0].opening).map(key => [key, middle_of(run => run.opening[key])])),
  panning_ms: { median: middle_of(run => median(run.panning)), p95: middle_of(run => share(run.panning, 0.95)) },
  zooming_ms: { median: middle_of(run => median(run.zooming)), p95: middle_of(run => share(run.zooming, 0.95)) },
  heap_mb: middle_of(run => (run.memory === null ? null : run.memory / 1e6)),
  errors: runs.flatMap(run => run.errors)
}
writeFileSync(out_file, `${JSON.stringify(result, null, 2)}\n`)
console.log(readFileSync(out_file, 'utf8'))

const faults = [
  result.errors.length > 0 && `errors on the console: ${result.errors.join(' | ')}`,
  !(result.opening_ms.first_paint <= LIMITS.first_paint) && `first paint after ${result.opening_ms.first_paint} ms`,
  !(result.opening_ms.map_first <= LIMITS.map_first) && `the map after ${result.opening_ms.map_first} ms`,
  !(result.panning_ms.median <= LIMITS.frame_median) && `a frame of panning takes ${result.panning_ms.median} ms`,
  !(result.zooming_ms.median <= LIMITS.frame_median) && `a frame of zooming takes ${result.zooming_ms.median} ms`
].filter(Boolean)
for (const fault of faults) console.error(`FAILED ${fault}`)
process.exitCode = faults.length > 0 ? 1 : 0
