/** The package's version, as in package.json, which a JSR package doesn't hold. */
export const VERSION = "0.1.0";
