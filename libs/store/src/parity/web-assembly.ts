/** Memory that WebAssembly and JavaScript share; `buffer` is another object after `grow`. Pages are 64 KiB. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

interface WebAssemblyApi {
  Memory: new (descriptor: Readonly<{ initial: number; maximum: number }>) => WasmMemory;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: Readonly<Record<string, Readonly<Record<string, WasmMemory>>>>) => { readonly exports: Readonly<Record<string, unknown>> };
  validate(bytes: Uint8Array): boolean;
}

declare const WebAssembly: WebAssemblyApi;

/** The part of the WebAssembly global that is used here: the compiler's `es2023` library does not declare it. */
export const webAssembly = WebAssembly;
