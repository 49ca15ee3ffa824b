import { contract } from '../testing/contract.ts';
import { openReference } from './device.ts';

contract('reference', async () => openReference(), false);
