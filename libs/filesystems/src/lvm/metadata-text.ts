/** A value of LVM's metadata text. */
export type MetadataValue = string | number | readonly MetadataValue[] | MetadataSection;

/** A section: names and values in the order of the text. */
export interface MetadataSection {
  readonly [name: string]: MetadataValue;
}

const DEPTH_MAX = 12;
const TOKEN = /\s+|#[^\n]*|"((?:[^"\\]|\\.)*)"|([A-Za-z0-9_.+-]+)|([[\]{}=,])/gy;

type Token = Readonly<{ kind: 'text' | 'word' | 'mark'; value: string }>;

/**
 * Parses the text in which LVM describes a volume group.
 * @returns null when it is not such a text. Never throws.
 * @see lvm2, libdm/libdm-config.c.
 */
export function parseMetadataText(text: string): MetadataSection | null {
  const tokens = tokenise(text);
  if (tokens === null) return null;
  const parser = { tokens, at: 0 };
  const section = parseSection(parser, 0);
  return section !== null && parser.at === tokens.length ? section : null;
}

function tokenise(text: string): Token[] | null {
  const tokens: Token[] = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    end = match.index + match[0].length;
    const [, quoted, word, mark] = match;
    if (quoted !== undefined) tokens.push({ kind: 'text', value: quoted.replace(/\\(.)/g, '$1') });
    else if (word !== undefined) tokens.push({ kind: 'word', value: word });
    else if (mark !== undefined) tokens.push({ kind: 'mark', value: mark });
  }
  return end === text.length ? tokens : null;
}

type Parser = { readonly tokens: readonly Token[]; at: number };

const isMark = (token: Token | undefined, value: string): boolean => token?.kind === 'mark' && token.value === value;

/** Up to the closing brace, which the caller takes, or to the end of the text. */
function parseSection(parser: Parser, depth: number): MetadataSection | null {
  if (depth > DEPTH_MAX) return null;
  const section: Record<string, MetadataValue> = Object.create(null) as Record<string, MetadataValue>;
  for (let name = parser.tokens[parser.at]; name && !isMark(name, '}'); name = parser.tokens[parser.at]) {
    if (name.kind === 'mark') return null;
    const opening = parser.tokens[parser.at + 1];
    parser.at += 2;
    if (isMark(opening, '{')) {
      const inner = parseSection(parser, depth + 1);
      if (inner === null || !isMark(parser.tokens[parser.at], '}')) return null;
      parser.at += 1;
      section[name.value] = inner;
    } else {
      const value = isMark(opening, '=') ? parseValue(parser, depth + 1) : null;
      if (value === null) return null;
      section[name.value] = value;
    }
  }
  return section;
}

function parseValue(parser: Parser, depth: number): MetadataValue | null {
  const token = parser.tokens[parser.at];
  parser.at += 1;
  if (!token || depth > DEPTH_MAX) return null;
  if (token.kind !== 'mark') return token.kind === 'word' && /^-?\d+$/.test(token.value) ? Number(token.value) : token.value;
  if (token.value !== '[') return null;
  const values: MetadataValue[] = [];
  for (let next = parser.tokens[parser.at]; next; next = parser.tokens[parser.at]) {
    if (isMark(next, ']')) {
      parser.at += 1;
      return values;
    }
    if (isMark(next, ',')) parser.at += 1;
    else {
      const value = parseValue(parser, depth + 1);
      if (value === null) return null;
      values.push(value);
    }
  }
  return null;
}
