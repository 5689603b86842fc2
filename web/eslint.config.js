import tseslint from "typescript-eslint";

const browserOnly = ["window", "document", "localStorage", "sessionStorage", "location", "history"];

export default tseslint.config(
  { ignores: ["dist", "dist-sdk", "node_modules"] },
  {
    files: ["**/*.{ts,tsx}"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ["./tsconfig.json", "./src/sw/tsconfig.json"],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": [
        "error",
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "no-console": "error",
      eqeqeq: "error",
    },
  },
  {
    files: ["src/sdk/**"],
    rules: {
      "no-restricted-globals": ["error", ...browserOnly],
      "no-restricted-imports": ["error", { patterns: ["preact*", "@preact/*", "**/ui/*"] }],
    },
  },
);
