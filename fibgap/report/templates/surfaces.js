"use strict";
// The surfaces of the solid side by side, turning together. They are made from the layers of the slider, when seen.
// Without WebGL the still picture stays.

// The kinds of all voxels of a picture, from its sheet: the place of the nearest colour of the palette.
const readKinds = async (sheet, data) => {
  const image = new Image();
  image.src = sheet;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, image.width, image.height).data;
  const palette = data.palette.map((hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));
  const near = (at) => {
    const away = palette.map((color) => color.reduce((sum, part, i) => sum + (part - pixels[at + i]) ** 2, 0));
    return away.indexOf(Math.min(...away));
  };
  const seen = new Map();
  const [nx, ny] = data.aspect;
  const nz = data.known.length;
  const kinds = new Uint8Array(nz * ny * nx);
  for (let z = 0, i = 0; z < nz; z++) {
    const [top, left] = [Math.floor(z / data.columns) * ny, (z % data.columns) * nx];
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        const at = 4 * ((top + y) * image.width + left + x);
        const key = (pixels[at] << 16) | (pixels[at + 1] << 8) | pixels[at + 2];
        if (!seen.has(key)) seen.set(key, near(at));
        kinds[i] = seen.get(key);
      }
    }
  }
  return { kinds, shape: [nz, ny, nx] };
};

// The middle of a volume, in a frame of pore: where there is solid (smoothed by 1-2-1 along every axis, so that light
// falls on surfaces rather than on steps), false solid and false pore.
const EDGE = 80;
const middle = ({ kinds, shape }) => {
  const size = shape.map((n) => Math.min(n, EDGE) + 4);
  const [first, strides] = [shape.map((n) => (n - Math.min(n, EDGE)) >> 1), [size[1] * size[2], size[2], 1]];
  const [SOLID, FALSE_SOLID, FALSE_PORE] = [0, 2, 3];
  let [field, falseSolid, falsePore] = [0, 1, 2].map(() => new Float32Array(size[0] * size[1] * size[2]));
  for (let z = 2; z < size[0] - 2; z++) for (let y = 2; y < size[1] - 2; y++) for (let x = 2; x < size[2] - 2; x++) {
    const kind = kinds[((first[0] + z - 2) * shape[1] + first[1] + y - 2) * shape[2] + first[2] + x - 2];
    const at = z * strides[0] + y * strides[1] + x;
    if (kind === SOLID || kind === FALSE_SOLID) field[at] = 1;
    if (kind === FALSE_SOLID) falseSolid[at] = 1;
    if (kind === FALSE_PORE) falsePore[at] = 1;
  }
  for (const stride of strides) {
    const smooth = field.slice();
    for (let i = stride; i < field.length - stride; i++) smooth[i] = (field[i - stride] + 2 * field[i] + field[i + stride]) / 4;
    field = smooth;
  }
  return { field, falseSolid, falsePore, size, strides };
};

// Surface nets (S. Gibson, 1998): one vertex per cell that the surface crosses, at the mean of its crossings.
const surfaceNet = ({ field, falseSolid, falsePore, size: [nz, ny, nx], strides }, colors) => {
  const corners = Array.from({ length: 8 }, (_, k) => [(k >> 2) & 1, (k >> 1) & 1, k & 1]);
  const offset = (corner) => corner.reduce((sum, bit, axis) => sum + bit * strides[axis], 0);
  const offsets = corners.map(offset);
  const edges = [];
  for (let a = 0; a < 8; a++) for (const bit of [1, 2, 4]) if (!(a & bit)) edges.push([a, a | bit]);
  const vertex = new Int32Array(nz * ny * nx).fill(-1);
  const [positions, tints, index] = [[], [], []];
  for (let z = 0; z < nz - 1; z++) for (let y = 0; y < ny - 1; y++) for (let x = 0; x < nx - 1; x++) {
    const at = z * strides[0] + y * strides[1] + x;
    let mask = 0;
    for (let k = 0; k < 8; k++) if (field[at + offsets[k]] > 0.5) mask |= 1 << k;
    if (mask === 0 || mask === 255) continue;
    const place = [0, 0, 0];
    let crossings = 0;
    for (const [a, b] of edges) {
      if (((mask >> a) & 1) === ((mask >> b) & 1)) continue;
      const [first, second] = [field[at + offsets[a]], field[at + offsets[b]]];
      const t = (0.5 - first) / (second - first);
      for (let axis = 0; axis < 3; axis++) place[axis] += corners[a][axis] + t * (corners[b][axis] - corners[a][axis]);
      crossings++;
    }
    vertex[at] = positions.length / 3;
    const [down, away, right] = place.map((sum, axis) => sum / crossings + [z, y, x][axis]);
    positions.push(right - (nx - 1) / 2, (nz - 1) / 2 - down, away - (ny - 1) / 2);
    let [added, lost] = [0, 0];
    for (const k of offsets) { added += falseSolid[at + k]; lost += falsePore[at + k]; }
    tints.push(...(Math.max(added, lost) < 3 ? colors[0] : added > lost ? colors[2] : colors[3]));
  }
  for (let z = 1; z < nz - 1; z++) for (let y = 1; y < ny - 1; y++) for (let x = 1; x < nx - 1; x++) {
    const at = z * strides[0] + y * strides[1] + x;
    for (let axis = 0; axis < 3; axis++) {
      const inside = field[at] > 0.5;
      if (inside === field[at + strides[axis]] > 0.5) continue;
      const [u, v] = [strides[(axis + 1) % 3], strides[(axis + 2) % 3]];
      const [a, b, c, d] = [at, at - u, at - u - v, at - v].map((cell) => vertex[cell]);
      // x to the right, z down and y towards the reader turn the axes without mirroring them.
      if (inside) index.push(a, c, b, a, d, c); else index.push(a, b, c, a, c, d);
    }
  }
  return { positions, tints, index };
};

const showSurfaces = async (panel, data) => {
  const canvas = panel.querySelector("canvas");
  let renderer;
  try {
    renderer = new THREE.WebGLRenderer({ canvas, alpha: true, antialias: true, preserveDrawingBuffer: true });
  } catch {
    return; // no WebGL
  }
  const colors = data.palette.map((hex) => [1, 3, 5].map((at) => (parseInt(hex.slice(at, at + 2), 16) / 255) ** 2.2));
  const views = panel.querySelector(".views");
  const camera = new THREE.OrthographicCamera();
  const controls = new THREE.OrbitControls(camera, canvas);
  [controls.enableZoom, controls.enablePan] = [false, false];
  canvas.style.touchAction = "pan-y"; // a finger that moves up or down scrolls the page
  const shown = [];
  let half = null; // half the diagonal
  const draw = () => {
    const whole = canvas.getBoundingClientRect();
    renderer.setPixelRatio(devicePixelRatio);
    renderer.setSize(whole.width, whole.height, false);
    renderer.setScissorTest(false);
    renderer.clear();
    renderer.setScissorTest(true);
    for (const { scene, lamp, box } of shown) {
      const place = box.getBoundingClientRect();
      if (!place.width) continue;
      const frame = [place.left - whole.left, whole.bottom - place.bottom, place.width, place.height];
      renderer.setViewport(...frame);
      renderer.setScissor(...frame);
      lamp.position.copy(camera.position).applyAxisAngle(camera.up, -0.6);
      renderer.render(scene, camera);
    }
  };
  const turn = (right, up) => {
    const { x, y, z } = camera.position;
    const far = Math.hypot(x, y, z);
    const around = Math.atan2(x, z) - right;
    const height = Math.min(Math.max(Math.asin(y / far) + up, -1.5), 1.5);
    camera.position.set(far * Math.cos(height) * Math.sin(around), far * Math.sin(height), far * Math.cos(height) * Math.cos(around));
    controls.update();
  };
  const tenDegrees = Math.PI / 18;
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  canvas.addEventListener("keydown", (event) => {
    if (!(event.key in steps)) return;
    event.preventDefault();
    turn(...steps[event.key].map((n) => n * tenDegrees));
  });
  for (const picture of data.pictures) {
    if (picture.name === "Slices") continue;
    const volume = middle(await readKinds(picture.sheet, data));
    const { positions, tints, index } = surfaceNet(volume, colors);
    const geometry = new THREE.BufferGeometry();
    geometry.setAttribute("position", new THREE.BufferAttribute(new Float32Array(positions), 3));
    geometry.setAttribute("color", new THREE.BufferAttribute(new Float32Array(tints), 3));
    geometry.setIndex(index);
    geometry.computeVertexNormals();
    half ??= Math.hypot(...volume.size) / 2;
    const scene = new THREE.Scene();
    const lamp = new THREE.DirectionalLight("#ffffff", 2.6);
    scene.add(new THREE.Mesh(geometry, new THREE.MeshLambertMaterial({ vertexColors: true })), lamp);
    scene.fog = new THREE.Fog("#2e2a20", 3.2 * half, 6.5 * half); // what lies farther back is darker
    scene.add(new THREE.HemisphereLight("#ffffff", "#40506a", 1.1));
    const figure = document.createElement("figure");
    const caption = document.createElement("figcaption");
    const box = document.createElement("div");
    caption.textContent = picture.name;
    figure.append(caption, box);
    figure.dataset.picture = picture.name;
    views.append(figure);
    shown.push({ scene, lamp, box });
    if (shown.length === 1) {
      const view = 0.92 * half;
      Object.assign(camera, { left: -view, right: view, top: view, bottom: -view, near: 0, far: 8 * half });
      camera.updateProjectionMatrix();
      camera.position.set(0, 0, 4 * half);
      turn(-0.55, 0.5);
      panel.classList.add("live");
      controls.addEventListener("change", draw);
      new ResizeObserver(draw).observe(views);
    }
    draw();
    await new Promise((resolve) => { setTimeout(resolve); });
  }
  panel.querySelector("input").addEventListener("input", (event) => {
    camera.zoom = Number(event.target.value);
    camera.updateProjectionMatrix();
    draw();
  });
  panel.dataset.ready = "";
};

const surfaces = document.getElementById("surfaces");
const sheets = document.querySelector("#layers script");
if (surfaces && sheets) {
  const watch = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watch.disconnect();
    showSurfaces(surfaces, JSON.parse(sheets.textContent));
  }, { rootMargin: "400px" });
  watch.observe(surfaces);
}
