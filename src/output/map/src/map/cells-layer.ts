/**
 * Draws the demand cells on the graphics card, one instanced quad a cell, so that a change of phase or colouring
 * sends one byte a cell. Hundreds of thousands of cells stay fluent where as many GeoJSON polygons would not.
 */
import { MercatorCoordinate, type CustomLayerInterface, type CustomRenderMethodInput, type Map as MapLibre } from 'maplibre-gl'
import type { Cells } from '../decode'
import { MAX_CLASSES, rgb, type ClassBand } from '../palette'

/** Opacity from afar and from near, where streets and names matter more, and the zooms between which it changes. */
const OPACITY = { far: 0.8, near: 0.5, from: 10, to: 14 }

const VERTEX = `#version 300 es
uniform mat4 u_matrix;
uniform float u_half_width;
uniform vec4 u_palette[${MAX_CLASSES + 1}];
uniform float u_hatched;
uniform float u_opacity;
in vec3 a_box;
in float a_class;
flat out vec4 v_colour;
flat out float v_hatched;
void main() {
  vec4 colour = u_palette[int(a_class)];
  v_colour = vec4(colour.rgb, colour.a * u_opacity);
  v_hatched = a_class == u_hatched ? 1.0 : 0.0;
  float x = a_box.x + ((gl_VertexID & 1) == 0 ? -u_half_width : u_half_width);
  float y = (gl_VertexID & 2) == 0 ? a_box.y : a_box.z;
  // Nothing to draw: behind the clip plane.
  gl_Position = colour.a == 0.0 ? vec4(2.0, 2.0, 2.0, 1.0) : u_matrix * vec4(x, y, 0.0, 1.0);
}`

const FRAGMENT = `#version 300 es
precision mediump float;
flat in vec4 v_colour;
flat in float v_hatched;
out vec4 fragment;
void main() {
  float line = mod(gl_FragCoord.x + gl_FragCoord.y, 7.0) < 2.0 ? 0.8 : 0.22;
  float alpha = v_colour.a * (v_hatched > 0.5 ? line : 1.0);
  fragment = vec4(v_colour.rgb * alpha, alpha);
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

interface Drawing {
  program: WebGLProgram
  vertices: WebGLVertexArrayObject
  classes: WebGLBuffer
}

export class CellsLayer implements CustomLayerInterface {
  readonly type = 'custom' as const
  readonly renderingMode = '2d' as const
  readonly #origin: MercatorCoordinate
  readonly #boxes: Float32Array<ArrayBuffer>
  readonly #halfWidth: number
  readonly #count: number
  #classes: Uint8Array<ArrayBufferLike>
  #palette = new Float32Array((MAX_CLASSES + 1) * 4)
  #hatched = -1
  #stale = true
  #drawing: Drawing | null = null
  #map: MapLibre | null = null

  constructor(readonly id: string, cells: Cells, centre: [number, number]) {
    this.#origin = MercatorCoordinate.fromLngLat(centre)
    this.#count = cells.count
    this.#halfWidth = cells.halfLon / 360
    this.#classes = new Uint8Array(cells.count)
    this.#boxes = new Float32Array(cells.count * 3)
    const y = (lat: number) => MercatorCoordinate.fromLngLat([0, lat]).y - this.#origin.y
    for (let i = 0; i < cells.count; i++) {
      const lat = cells.lat[i] ?? 0
      this.#boxes[3 * i] = (180 + (cells.lon[i] ?? 0)) / 360 - this.#origin.x
      this.#boxes[3 * i + 1] = y(lat + cells.halfLat)
      this.#boxes[3 * i + 2] = y(lat - cells.halfLat)
    }
  }

  /** Gives every cell its class; class 0 is not drawn. */
  colour(classes: Uint8Array, bands: ClassBand[]): void {
    this.#classes = classes
    this.#palette.fill(0)
    this.#hatched = -1
    bands.slice(0, MAX_CLASSES).forEach((band, i) => {
      this.#palette.set([...rgb(band.colour), 1], 4 * (i + 1))
      if (band.hatched) this.#hatched = i + 1
    })
    this.#stale = true
    this.#map?.triggerRepaint()
  }

  onAdd(map: MapLibre, gl: WebGL2RenderingContext): void {
    this.#map = map
    this.#build(gl)
    map.on('webglcontextrestored', () => this.#build(gl))
  }

  #build(gl: WebGL2RenderingContext): void {
    const made = program(gl)
    const vertices = gl.createVertexArray()
    const boxes = gl.createBuffer()
    const classes = gl.createBuffer()
    gl.bindVertexArray(vertices)
    gl.bindBuffer(gl.ARRAY_BUFFER, boxes)
    gl.bufferData(gl.ARRAY_BUFFER, this.#boxes, gl.STATIC_DRAW)
    const box = gl.getAttribLocation(made, 'a_box')
    gl.enableVertexAttribArray(box)
    gl.vertexAttribPointer(box, 3, gl.FLOAT, false, 0, 0)
    gl.vertexAttribDivisor(box, 1)
    gl.bindBuffer(gl.ARRAY_BUFFER, classes)
    const which = gl.getAttribLocation(made, 'a_class')
    gl.enableVertexAttribArray(which)
    gl.vertexAttribPointer(which, 1, gl.UNSIGNED_BYTE, false, 0, 0)
    gl.vertexAttribDivisor(which, 1)
    gl.bindVertexArray(null)
    this.#drawing = { program: made, vertices, classes }
    this.#stale = true
  }

  render(gl: WebGL2RenderingContext, input: CustomRenderMethodInput): void {
    const drawing = this.#drawing
    if (!drawing || this.#count === 0) return
    const at = (name: string) => gl.getUniformLocation(drawing.program, name)
    gl.useProgram(drawing.program)
    gl.bindVertexArray(drawing.vertices)
    if (this.#stale) {
      gl.bindBuffer(gl.ARRAY_BUFFER, drawing.classes)
      gl.bufferData(gl.ARRAY_BUFFER, this.#classes, gl.DYNAMIC_DRAW)
      this.#stale = false
    }
    const matrix = relativeTo(input.defaultProjectionData.mainMatrix, this.#origin.x, this.#origin.y)
    gl.uniformMatrix4fv(at('u_matrix'), false, matrix)
    gl.uniform1f(at('u_half_width'), this.#halfWidth)
    gl.uniform4fv(at('u_palette'), this.#palette)
    const near = Math.min(Math.max(((this.#map?.getZoom() ?? 0) - OPACITY.from) / (OPACITY.to - OPACITY.from), 0), 1)
    gl.uniform1f(at('u_opacity'), OPACITY.far + near * (OPACITY.near - OPACITY.far))
    gl.uniform1f(at('u_hatched'), this.#hatched)
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, this.#count)
    gl.bindVertexArray(null)
  }
}

/** The cell that holds a point, or -1. */
export function cellAt(cells: Cells, lon: number, lat: number): number {
  for (let i = 0; i < cells.count; i++) {
    if (
      Math.abs((cells.lon[i] ?? Infinity) - lon) <= cells.halfLon &&
      Math.abs((cells.lat[i] ?? Infinity) - lat) <= cells.halfLat
    ) return i
  }
  return -1
}
