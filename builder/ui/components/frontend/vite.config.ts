import { defineConfig } from "vitest/config";

const ENTRIES: Record<string, string> = {
  canvas: "src/canvas/index.tsx",
  live_chart: "src/chart/index.ts",
};

export default defineConfig(({ mode }) => ({
  // React reads it at import time, and the bundle runs where `process` does not exist.
  define: mode in ENTRIES ? { "process.env.NODE_ENV": '"production"' } : {},
  build: {
    outDir: "../bundle",
    emptyOutDir: false,
    copyPublicDir: false,
    target: "es2022",
    lib: {
      entry: ENTRIES[mode] ?? "src/canvas/index.tsx",
      formats: ["es" as const],
      fileName: () => `${mode}.js`,
      cssFileName: mode,
    },
    // Library mode leaves ES output unminified unless it is asked for.
    rolldownOptions: { output: { minify: true } },
  },
  test: { include: ["tests/**/*.test.ts"] },
}));
