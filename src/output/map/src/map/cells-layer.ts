/**
 * Draws the demand cells as one picture with a texel a cell, so that hundreds of thousands of cells stay fluent even
 * where the browser has no graphics card, and a change of phase sends one byte a cell.
 */
import { MercatorCoordinate, type CustomLayerInterface, type CustomRenderMethodInput, type Map as MapLibre } from 'maplibre-gl'
import type { Cells } from '../decode'
import { MAX_CLASSES, rgb, type ClassBand, type Pattern } from '../palette'
import { PATTERN_PX } from './icons'
import { paint, rasterOf, type Raster } from './raster'

/** Opacity from afar and from near, where streets and names matter more, and the zooms between which it changes. */
const OPACITY = { far: 0.8, near: 0.58, from: 10, to: 14 }
/** Strips from south to north: within one, Mercator is straight to a centimetre. */
const STRIPS = 256

const VERTEX = `#version 300 es
uniform mat4 u_matrix;
in vec2 a_place;
in vec2 a_texel;
out vec2 v_texel;
void main() {
  v_texel = a_texel;
  gl_Position = u_matrix * vec4(a_place, 0.0, 1.0);
}`

/** Set in a class where the cell is to stand back, because something else is picked. */
const FADED = 0x80
/** How much is left of the colour there. */
const FADED_SHARE = 0.22

/** The fourth number of a class's colour: how it is drawn. */
const KIND: Record<Pattern, number> = { plain: 1, dotted: 2, hatched: 3 }

// The patterns stand still on the ground while the map is moved, and look as those of `patternTile`.
const FRAGMENT = `#version 300 es
precision highp float;
precision highp usampler2D;
uniform usampler2D u_classes;
uniform vec4 u_palette[${MAX_CLASSES + 1}];
uniform vec2 u_anchor;
uniform float u_ratio;
uniform float u_opacity;
in vec2 v_texel;
out vec4 fragment;
void main() {
  ivec2 last = textureSize(u_classes, 0) - 1;
  uint value = texelFetch(u_classes, clamp(ivec2(floor(v_texel)), ivec2(0), last), 0).r;
  vec4 look = u_palette[int(value & ${FADED - 1}u)];
  if (look.a < 0.5) discard;
  float alpha = u_opacity * ((value & ${FADED}u) != 0u ? ${FADED_SHARE} : 1.0);
  vec2 place = mod((gl_FragCoord.xy - u_anchor) / u_ratio, ${PATTERN_PX}.0);
  if (look.a > 2.5) {
    alpha *= mod(place.x - place.y, ${PATTERN_PX}.0) < 1.8 ? 0.9 : 0.24;
  } else if (look.a > 1.5) {
    vec2 dot = mod(place, ${PATTERN_PX / 2}.0);
    bool odd = (place.x < ${PATTERN_PX / 2}.0) == (place.y < ${PATTERN_PX / 2}.0);
    if (odd && dot.x < 1.6 && dot.y < 1.6) look.rgb *= 0.72;
  }
  fragment = vec4(look.rgb * alpha, alpha);
}`

function program(gl: WebGL2RenderingContext): WebGLProgram {
  const made = gl.createProgram()
  for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]] as const) {
    const shader = gl.createShader(type)
    if (!shader) throw new Error('no shader')
    gl.shaderSource(shader, source)
    gl.compileShader(shader)
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader) ?? 'shader')
    gl.attachShader(made, shader)
  }
  gl.linkProgram(made)
  if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(made) ?? 'program')
  return made
}

/** The matrix for positions relative to (x, y), multiplied out in double precision before it is rounded. */
function relativeTo(matrix: ArrayLike<number>, x: number, y: number): Float32Array {
  const out = Float32Array.from(matrix)
  for (let row = 0; row < 4; row++) {
    out[12 + row] = (matrix[row] ?? 0) * x + (matrix[4 + row] ?? 0) * y + (matrix[12 + row] ?? 0)
  }
  return out
}

/** A strip of triangles over the raster: place relative to the origin in Mercator units, then column and row. */
function mesh(raster: Raster, origin: MercatorCoordinate): Float32Array<ArrayBuffer> {
  const { width, height, west, south, east, north } = raster
  const out = new Float32Array((STRIPS + 1) * 8)
  for (let strip = 0; strip <= STRIPS; strip++) {
    const share = strip / STRIPS
    const y = MercatorCoordinate.fromLngLat([west, south + share * (north - south)]).y - origin.y
    const left = (west + 180) / 360 - origin.x
    const right = (east + 180) / 360 - origin.x
    out.set([left, y, 0, share * height, right, y, width, share * height], 8 * strip)
  }
  return out
}

interface Drawing {
  program: WebGLProgram
  vertices: WebGLVertexArrayObject
  texture: WebGLTexture
}

export class CellsLayer implements CustomLayerInterface {
  readonly type = 'custom' as const
  readonly renderingMode = '2d' as const
  readonly #raster: Raster | null
  readonly #origin: MercatorCoordinate
  /** A row of the picture in bytes: a multiple of four, as graphics cards read them. */
  readonly #stride: number
  #picture: Uint8Array
  #palette = new Float32Array((MAX_CLASSES + 1) * 4)
  #stale = true
  #drawing: Drawing | null = null
  #map: MapLibre | null = null

  constructor(readonly id: string, cells: Cells) {
    this.#raster = rasterOf(cells)
    const { west = 0, south = 0, east = 0, north = 0, width = 0 } = this.#raster ?? {}
    this.#origin = MercatorCoordinate.fromLngLat([(west + east) / 2, (south + north) / 2])
    this.#stride = Math.ceil(width / 4) * 4
    this.#picture = new Uint8Array(0)
  }

  /** Gives every cell its class; class 0 is not drawn. With `front`, all cells but those where it holds stand back. */
  colour(classes: Uint8Array, bands: ClassBand[], front: ((cell: number) => boolean) | null = null): void {
    if (!this.#raster) return
    const values = front ? classes.map((which, cell) => (which === 0 || front(cell) ? which : which | FADED)) : classes
    this.#picture = paint(this.#raster, values, this.#stride)
    this.#palette.fill(0)
    bands.slice(0, MAX_CLASSES).forEach((band, i) => this.#palette.set([...rgb(band.colour), KIND[band.pattern]], 4 * (i + 1)))
    this.#stale = true
    this.#map?.triggerRepaint()
  }

  onAdd(map: MapLibre, gl: WebGL2RenderingContext): void {
    this.#map = map
    this.#build(gl)
    map.on('webglcontextrestored', () => this.#build(gl))
  }

  #build(gl: WebGL2RenderingContext): void {
    if (!this.#raster) return
    const made = program(gl)
    const vertices = gl.createVertexArray()
    gl.bindVertexArray(vertices)
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer())
    gl.bufferData(gl.ARRAY_BUFFER, mesh(this.#raster, this.#origin), gl.STATIC_DRAW)
    for (const [name, offset] of [['a_place', 0], ['a_texel', 8]] as const) {
      const at = gl.getAttribLocation(made, name)
      gl.enableVertexAttribArray(at)
      gl.vertexAttribPointer(at, 2, gl.FLOAT, false, 16, offset)
    }
    gl.bindVertexArray(null)
    this.#drawing = { program: made, vertices, texture: gl.createTexture() }
    this.#stale = true
  }

  #upload(gl: WebGL2RenderingContext): void {
    if (!this.#raster || this.#picture.length === 0) return
    gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false)
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false)
    const { height } = this.#raster
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8UI, this.#stride, height, 0, gl.RED_INTEGER, gl.UNSIGNED_BYTE, this.#picture)
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, gl.NEAREST)
    for (const name of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, name, gl.CLAMP_TO_EDGE)
    this.#stale = false
  }

  render(gl: WebGL2RenderingContext, input: CustomRenderMethodInput): void {
    const drawing = this.#drawing
    if (!drawing) return
    const at = (name: string) => gl.getUniformLocation(drawing.program, name)
    gl.useProgram(drawing.program)
    gl.bindVertexArray(drawing.vertices)
    gl.activeTexture(gl.TEXTURE0)
    gl.bindTexture(gl.TEXTURE_2D, drawing.texture)
    if (this.#stale) this.#upload(gl)
    const matrix = relativeTo(input.defaultProjectionData.mainMatrix, this.#origin.x, this.#origin.y)
    gl.uniformMatrix4fv(at('u_matrix'), false, matrix)
    gl.uniform1i(at('u_classes'), 0)
    gl.uniform4fv(at('u_palette'), this.#palette)
    const ratio = gl.drawingBufferWidth / Math.max(1, this.#map?.getCanvas().clientWidth ?? 1)
    const anchor = this.#map?.project(this.#origin.toLngLat())
    gl.uniform2f(at('u_anchor'), (anchor?.x ?? 0) * ratio, gl.drawingBufferHeight - (anchor?.y ?? 0) * ratio)
    gl.uniform1f(at('u_ratio'), ratio)
    const near = Math.min(Math.max(((this.#map?.getZoom() ?? 0) - OPACITY.from) / (OPACITY.to - OPACITY.from), 0), 1)
    gl.uniform1f(at('u_opacity'), OPACITY.far + near * (OPACITY.near - OPACITY.far))
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 2 * (STRIPS + 1))
    gl.bindVertexArray(null)
  }
}
