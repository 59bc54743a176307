// Takes the driver's core module out of the component.
//
// What a component adds to it is how its imports and exports are linked with those of other components: here there are none,
// and `src/abi` and `src/wasi` speak with the module directly.

/** The largest core module of a component, without the sections that say what produced it. It exports only what `isNeeded`
 * says by name, so that binaryen can leave out what nothing else uses: the blocking face. */
export function coreModule(component, isNeeded) {
  if (component.readUInt32LE(0) !== MAGIC || component.readUInt16LE(6) !== 1) throw new Error('this is no component');
  const modules = sections(component).filter(({ id }) => id === MODULE);
  const [largest] = modules.map(({ content }) => content).sort((a, b) => b.length - a.length);
  if (!largest) throw new Error('there is no module in this component');
  const kept = sections(largest).filter(({ id }) => id !== CUSTOM)
    .map(({ id, content, whole }) => (id === EXPORTS ? fewer(content, isNeeded) : whole));
  return Buffer.concat([largest.subarray(0, HEADER), ...kept]);
}

const MAGIC = 0x6d736100;
const HEADER = 8;
/** Kinds of sections: the first one of modules, the second one of components. */
const CUSTOM = 0;
const MODULE = 1;
const EXPORTS = 7;

/** The section of exports with those that are needed: of each a name, a kind and a number. */
function fewer(content, isNeeded) {
  const kept = [];
  let { value: count, end: at } = leb128(content, 0);
  for (; count > 0; count--) {
    const name = leb128(content, at);
    const kind = name.end + name.value;
    const { end } = leb128(content, kind + 1);
    if (isNeeded(content.toString('utf8', name.end, kind))) kept.push(content.subarray(at, end));
    at = end;
  }
  const rest = Buffer.concat([uleb128(kept.length), ...kept]);
  return Buffer.concat([Buffer.from([EXPORTS]), uleb128(rest.length), rest]);
}

function uleb128(value) {
  const bytes = [];
  for (; value >= 0x80; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return Buffer.from([...bytes, value]);
}

function sections(binary) {
  const found = [];
  for (let at = HEADER; at < binary.length; ) {
    const { value: length, end: begin } = leb128(binary, at + 1);
    const end = begin + length;
    found.push({ id: binary[at], content: binary.subarray(begin, end), whole: binary.subarray(at, end) });
    at = end;
  }
  return found;
}

function leb128(binary, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = binary[at++];
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, end: at };
  }
}
