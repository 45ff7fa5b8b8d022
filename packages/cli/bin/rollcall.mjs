#!/usr/bin/env node
// Stands here rather than in dist, so that `npm ci` finds it before anything is built.
import "../dist/main.js";
