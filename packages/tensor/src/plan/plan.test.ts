import { conformance } from '../testing/conformance.ts';
import { openInterpreter } from '../testing/interpreter.ts';

conformance('the planned program', async () => openInterpreter());
