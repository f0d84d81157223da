/** A Parquet file's schema with a column more: Parquet's own and those of who has written it. */
import { extendArrowSchema } from "./arrow.ts";
import { BYTE_ARRAY, ELEMENT, FILE, keyValuesOf, OPTIONAL } from "./format.ts";
import { get, make, type Struct, TYPE } from "./thrift.ts";

/** Where Arrow's schema is, and what tells that the column is ours. */
const ARROW = "ARROW:schema";
export const OURS = "mp3-augment";

/** The column of what was drawn: text that may be null. */
export const COLUMN = "augment";

/** Other programs' schemas in JSON: where they are, where their columns are, and what ours is there. */
const JSON_SCHEMAS: readonly { key: string; way: readonly string[]; member: string }[] = [
  {
    key: "huggingface",
    way: ["info", "features"],
    member: `"${COLUMN}": {"dtype": "string", "_type": "Value"}`,
  },
  {
    key: "org.apache.spark.sql.parquet.row.metadata",
    way: ["fields"],
    member: `{"name": "${COLUMN}", "type": "string", "nullable": true, "metadata": {}}`,
  },
];

/** The fields of the new footer that say what there is; `isThere`: it has the column already. */
export function extendSchema(file: Struct, isThere: boolean, version: string): Struct {
  const extended: Struct = new Map(file);
  if (!isThere) addColumn(extended);
  const old = keyValuesOf(file);
  const changed = new Map([[OURS, version]]);
  for (const { key, way, member } of isThere ? [] : JSON_SCHEMAS) {
    const text = old.get(key);
    if (text !== undefined) changed.set(key, withMember(text, way, member));
  }
  const arrow = old.get(ARROW);
  if (arrow) changed.set(ARROW, extendArrowSchema(arrow, isThere ? undefined : COLUMN, changed));
  const pair = (key: string, value: string): Struct =>
    new Map([[1, make.text(key)], [2, make.text(value)]]);
  const pairs = get.structs(file, FILE.keyValues).map((item) => {
    const key = get.text(item, 1) ?? "";
    const value = changed.get(key);
    return value === undefined ? item : pair(key, value);
  });
  if (!old.has(OURS)) pairs.push(pair(OURS, version));
  extended.set(FILE.keyValues, make.list(TYPE.struct, pairs));
  return extended;
}

function addColumn(file: Struct): void {
  const [root = new Map(), ...elements] = get.structs(file, FILE.schema);
  const childCount = get.number(root, ELEMENT.childCount) ?? 0;
  const column: Struct = new Map([
    [ELEMENT.type, make.i32(BYTE_ARRAY)],
    [ELEMENT.repetition, make.i32(OPTIONAL)],
    [ELEMENT.name, make.text(COLUMN)],
    [ELEMENT.convertedType, make.i32(0)],
    [ELEMENT.logicalType, make.struct([[1, make.struct([])]])],
  ]);
  const newRoot: Struct = new Map(root).set(ELEMENT.childCount, make.i32(childCount + 1));
  file.set(FILE.schema, make.list(TYPE.struct, [newRoot, ...elements, column]));
  const orders = get.items(file, FILE.columnOrders);
  if (orders === undefined) return;
  const byType: Struct = new Map([[1, make.struct([])]]);
  file.set(FILE.columnOrders, make.list(TYPE.struct, [...orders, byType]));
}

/**
 * A JSON text with one member more in the object or list that these keys lead to, and else the text
 * that it was: to parse it and write it again would put names that are numbers first.
 */
export function withMember(text: string, keys: readonly string[], member: string): string {
  const way = ["", ...keys].join("\0");
  const path: string[] = [];
  let key = "";
  let isEmpty = true;
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g)) {
    if (token === "{" || token === "[") {
      path.push(key);
      [key, isEmpty] = ["", true];
    } else if (token === "}" || token === "]") {
      if (path.join("\0") === way) {
        return `${text.slice(0, index)}${isEmpty ? "" : ", "}${member}${text.slice(index)}`;
      }
      path.pop();
      isEmpty = false;
    } else {
      if (token.startsWith('"')) key = token.slice(1, -1);
      else if (token === ",") key = "";
      isEmpty = false;
    }
  }
  return text; // it has no such place
}
