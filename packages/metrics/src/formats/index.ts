export {
  checkCocoInstances,
  checkCocoResults,
  formatCocoInstances,
  formatCocoResults,
  parseCocoInstances,
  parseCocoResults,
} from './coco.ts';
export type { DarknetLabel } from './darknet.ts';
export { formatDarknetLabels, labelToCorners, parseDarknetLabels } from './darknet.ts';
export type { Either } from './either.ts';
export type { FormatFault } from './fault.ts';
export { showFault } from './fault.ts';
export {
  formatVocAnnotation,
  formatVocDetections,
  parseImageSet,
  parseVocAnnotation,
  parseVocDetections,
} from './voc.ts';
export type { XmlElement, XmlFault } from './xml.ts';
export { parseXml } from './xml.ts';
