import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { defineConfig, type Plugin } from 'vite'

const require = createRequire(import.meta.url)
const PLACEHOLDERS = ['__GANDAN_RUN__', '__GANDAN_OTHER__']
const WORKER_MODULE = 'virtual:maplibre-worker'

/** MapLibre's worker as a string, made a classic script: browsers start no module worker on a page opened from disk. */
function maplibreWorker(): Plugin {
  const id = `\0${WORKER_MODULE}`
  return {
    name: 'gandan-maplibre-worker',
    resolveId: source => (source === WORKER_MODULE ? id : null),
    load(loaded) {
      if (loaded !== id) return null
      const source = readFileSync(require.resolve('maplibre-gl/dist/maplibre-gl-worker.mjs'), 'utf8')
      const script = source
        .replace(/\n\/\/# sourceMappingURL=.*\s*$/, '')
        .replace(/export\s*\{[^{}]*\};?\s*$/, '')
      if (script.length === source.length || /(^|[;}\n])(import|export)[\s{*]/.test(script) || script.includes('import.meta')) {
        throw new Error('maplibre-gl-worker.mjs is no longer one module with one export at its end; see vite.config.ts')
      }
      return `export default ${JSON.stringify(`(()=>{"use strict";${script}})()`)}`
    }
  }
}

/**
 * The licences of MapLibre and of what it holds, word for word: they ask to go with every copy, and each page is one.
 * As a comment, so that a reader of the page's source finds them and no browser runs them.
 */
function licences(): string {
  const texts = new Map<string, string[]>()
  const seen = new Set<string>()
  const waiting = ['maplibre-gl']
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    // Types leave nothing in the bundle.
    if (seen.has(name) || name.startsWith('@types/')) continue
    seen.add(name)
    const folder = new URL(`node_modules/${name}/`, import.meta.url)
    const about = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'))
    waiting.push(...Object.keys(about.dependencies ?? {}))
    const file = readdirSync(folder).find(entry => /^licen[cs]e/i.test(entry))
    const text = file ? readFileSync(new URL(file, folder), 'utf8').replace(/\r\n?/g, '\n').trim() : 'No licence file.'
    texts.set(text, [...(texts.get(text) ?? []), `${name} ${about.version} (${about.license})`])
  }
  const parts = [...texts].map(([text, names]) => `${names.sort().join(', ')}\n\n${text}`).sort()
  // Nothing in a text may end the comment.
  return ['What this page holds besides gandan:', ...parts].join('\n\n---\n\n').replace(/--+!?>/g, '- ->')
}

/** Puts the script and the style into the page and adds a policy that lets nothing else run and nothing be fetched. */
function oneFile(): Plugin {
  return {
    name: 'gandan-one-file',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const page = Object.values(bundle).find(file => file.fileName.endsWith('.html'))
      if (page?.type !== 'asset') throw new Error('no page in the bundle')
      let html = String(page.source)
      const hashes = { script: [] as string[], style: [] as string[] }
      const inline = (tag: RegExp, kind: 'script' | 'style', open: string, text: string) => {
        if (!tag.test(html)) throw new Error(`the page does not name ${tag}`)
        hashes[kind].push(`'sha256-${createHash('sha256').update(text).digest('base64')}'`)
        html = html.replace(tag, '')
        // A function as replacement, so that no `$` in the text is taken for a pattern.
        const place = kind === 'script' ? '</body>' : '</head>'
        html = html.replace(place, () => `${open}${text}</${kind}>\n${place}`)
      }
      for (const file of Object.values(bundle)) {
        const name = file.fileName.replace(/[.]/g, '\\.')
        if (file.type === 'chunk') {
          const text = file.code.replace(/\r\n?/g, '\n').replace(/<(?=\/script|!--)/gi, '\\x3c')
          inline(new RegExp(`<script[^>]*src="[^"]*${name}"[^>]*></script>`), 'script', '<script type="module">', text)
        } else if (file.fileName.endsWith('.css')) {
          const text = String(file.source).replace(/\r\n?/g, '\n')
          inline(new RegExp(`<link[^>]*href="[^"]*${name}"[^>]*>`), 'style', '<style>', text)
        } else if (file !== page) {
          throw new Error(`${file.fileName} would stay outside the page`)
        }
        if (file !== page) delete bundle[file.fileName]
      }
      const policy = [
        "default-src 'none'",
        `script-src ${hashes.script.join(' ')}`,
        `style-src ${hashes.style.join(' ')}`,
        'worker-src blob:',
        // MapLibre reads its worker from a blob: address. Before anything is drawn, the page narrows https: to the tiles
        // that the run offers, mostly none; see src/map/policy.ts.
        'connect-src blob: https:',
        'img-src data: blob: https:',
        "base-uri 'none'",
        "form-action 'none'"
      ].join('; ')
      html = html.replace(/<!-- CSP:.*?-->/s, () => `<meta http-equiv="Content-Security-Policy" content="${policy}" />`)
      if (!html.includes(policy)) throw new Error('index.html has lost its place for the policy')
      html = html.replace('</body>', () => `<!-- ${licences()}\n-->\n</body>`)
      for (const placeholder of PLACEHOLDERS) {
        if (html.split(placeholder).length !== 2) throw new Error(`${placeholder} must stand in the page exactly once`)
      }
      page.source = html
    }
  }
}

export default defineConfig({
  base: './',
  plugins: [maplibreWorker(), oneFile()],
  build: {
    target: 'es2022',
    modulePreload: false,
    cssCodeSplit: false,
    assetsInlineLimit: Number.MAX_SAFE_INTEGER,
    chunkSizeWarningLimit: 4000,
    reportCompressedSize: false
  },
  test: { include: ['tests/*.test.ts'] }
} as Parameters<typeof defineConfig>[0])
