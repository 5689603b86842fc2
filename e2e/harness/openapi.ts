/** What a gateway says of its own REST surface, and whether an answer keeps to it, with no member that is not described. */

import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { Answer } from "./rest";

type Json = Record<string, unknown>;

interface Operation {
  responses: Record<string, Json>;
}

interface Description {
  paths: Record<string, Record<string, Operation>>;
}

const METHODS = new Set(["get", "post", "put", "patch", "delete"]);

/** What comes before any route: a method that it does not have, another site's page. */
const UNDESCRIBED = new Set([403, 405]);

const surfaces = new Map<string, Promise<Surface>>();

export class Surface {
  readonly #description: Description;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  readonly #validators = new Map<object, ValidateFunction>();

  constructor(description: Description) {
    this.#description = description;
    addFormats(this.#ajv);
  }

  /** The surface of a gateway, read once. */
  static of(url: string): Promise<Surface> {
    const known = surfaces.get(url) ?? Surface.#read(url);
    surfaces.set(url, known);
    return known;
  }

  static async #read(url: string): Promise<Surface> {
    try {
      const answer = await fetch(`${url}/openapi.json`);
      if (answer.status !== 200) throw new Error(`GET /openapi.json answered ${answer.status}`);
      return new Surface((await answer.json()) as Description);
    } catch (error) {
      surfaces.delete(url);
      throw error;
    }
  }

  /** All operations, as `GET /social/rooms/{}/members`: without the names of what varies. */
  get operations(): string[] {
    return Object.entries(this.#description.paths).flatMap(([path, item]) =>
      Object.keys(item)
        .filter((method) => METHODS.has(method))
        .map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{[^}]*\}/g, "{}")}`),
    );
  }

  /** Fails where an answer of a described path is not as described. */
  check(method: string, path: string, answer: Answer): void {
    const item = this.#item(path);
    if (item === undefined) return;
    const fail = (what: string): never => {
      const body = answer.bytes.toString("utf8", 0, 2_000);
      throw new Error(`${method} ${path} answered ${answer.status}, ${what}: ${body}`);
    };
    const operation = item[method === "HEAD" ? "get" : method.toLowerCase()];
    if (operation === undefined) {
      if (!UNDESCRIBED.has(answer.status)) fail("by a method that is not described");
      return;
    }
    const { responses } = operation;
    const response = responses[answer.status] ?? responses[`${`${answer.status}`.charAt(0)}XX`];
    if (response === undefined) return fail("which is not described");
    const kind = answer.headers.get("content-type")?.split(";")[0] ?? "";
    if (!kind.endsWith("json") || answer.bytes.length === 0) return;
    const schema = this.#schema(response, kind);
    if (schema === undefined) return fail(`${kind}, which is not described`);
    const validate = this.#validator(schema);
    if (!validate(answer.body)) fail(this.#ajv.errorsText(validate.errors));
  }

  /** The path that fits, the one with the fewest variables. */
  #item(path: string): Record<string, Operation> | undefined {
    const segments = (path.split("?")[0] ?? "").split("/");
    const fitting = Object.keys(this.#description.paths)
      .filter((template) => fits(template.split("/"), segments))
      .sort((a, b) => a.split("{").length - b.split("{").length);
    return fitting[0] === undefined ? undefined : this.#description.paths[fitting[0]];
  }

  #schema(response: Json, kind: string): Json | undefined {
    const content = this.#resolve(response)["content"] as Record<string, { schema?: Json }> | undefined;
    return content?.[kind]?.schema;
  }

  #validator(schema: Json): ValidateFunction {
    const known = this.#validators.get(schema) ?? this.#ajv.compile(this.#closed(schema) as Json);
    this.#validators.set(schema, known);
    return known;
  }

  /** A schema with all references put in, whose objects have no members but the described ones. */
  #closed(schema: unknown, isPart = false): unknown {
    if (Array.isArray(schema)) return schema.map((one) => this.#closed(one, isPart));
    if (typeof schema !== "object" || schema === null) return schema;
    const { allOf, properties, ...node } = this.#resolve(schema as Json);
    const closed: Json = {};
    for (const [keyword, value] of Object.entries(node))
      closed[keyword] = keyword === "example" || keyword === "enum" ? value : this.#closed(value);
    if (allOf !== undefined) closed["allOf"] = this.#closed(allOf, true);
    if (properties !== undefined) {
      const members = Object.entries(properties as Json).map(([name, one]) => [name, this.#closed(one)]);
      closed["properties"] = Object.fromEntries(members);
    }
    const isObject = properties !== undefined || allOf !== undefined;
    if (isObject && !isPart && node["additionalProperties"] === undefined)
      closed["unevaluatedProperties"] ??= false;
    return closed;
  }

  #resolve(schema: Json): Json {
    const { $ref, ...beside } = schema;
    if (typeof $ref !== "string") return schema;
    let target: unknown = this.#description;
    for (const name of $ref.slice(2).split("/")) target = (target as Json)[name];
    return this.#resolve({ ...(target as Json), ...beside });
  }
}

function fits(template: string[], segments: string[]): boolean {
  const same = (part: string, index: number) =>
    part === segments[index] || (part.startsWith("{") && (segments[index] ?? "") !== "");
  return template.length === segments.length && template.every(same);
}
