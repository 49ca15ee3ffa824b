export type { BootstrapOptions, Interval } from './analysis/bootstrap.ts';
export { pairedBootstrap, UnpairedRunsError, weightedAp } from './analysis/bootstrap.ts';
export type { BoxRegression } from './analysis/box-regression.ts';
export { boxRegression } from './analysis/box-regression.ts';
export type { Calibration, CalibrationBin } from './analysis/calibration.ts';
export { calibration } from './analysis/calibration.ts';
export type { CategoryChange, CocoComparison } from './analysis/compare.ts';
export { compareCoco } from './analysis/compare.ts';
export type { ConfusionMatrix, ConfusionOptions } from './analysis/confusion.ts';
export { confusionMatrix } from './analysis/confusion.ts';
export type { ErrorBreakdown, ErrorKind, ErrorOptions, ErrorRange, QualifiedBox } from './analysis/errors.ts';
export { errorBreakdown, errorBreakdownRange, errorKinds, errorQualifiers } from './analysis/errors.ts';
export type { BestF1, FScore, FScoreOptions } from './analysis/f1.ts';
export { bestF1, fScores } from './analysis/f1.ts';
export type { HealthFinding, HealthTag } from './analysis/health.ts';
export { checkTruth } from './analysis/health.ts';
export type { MeanIou, MeanIouOptions } from './analysis/mean-iou.ts';
export { meanIou } from './analysis/mean-iou.ts';
export type { CocoSlice } from './analysis/slices.ts';
export { evaluateSlices } from './analysis/slices.ts';
export type { BoxOptions } from './box/columns.ts';
export {
  ciou,
  ciouOf,
  ciouPairs,
  diou,
  diouOf,
  diouPairs,
  giou,
  giouOf,
  giouPairs,
  iou,
  iouOf,
  iouPairs,
} from './box/columns.ts';
export type { BoxColumn, BoxFormat, Pixel } from './box/corners.ts';
export { BoxColumnError } from './box/corners.ts';
export type { DarknetGradient, DarknetOverlap } from './box/darknet.ts';
export { darknetGradient, darknetOverlap } from './box/darknet.ts';
export type { LossOptions, Reduction } from './box/loss.ts';
export { giouLoss, giouLosses, giouLossGradient } from './box/loss.ts';
export type { BoxOverlap, Corners, NamedOverlap } from './box/named.ts';
export { OverlapError } from './box/named.ts';
export { OptionError } from './check/options.ts';
export type { Accumulator, CocoAccumulator, CocoImageEvidence, CocoPart, ImageEvidence } from './coco/accumulator.ts';
export { cocoAccumulator } from './coco/accumulator.ts';
export { evaluateCoco, evaluateCocoEach } from './coco/evaluate.ts';
export type { CocoAnnotation, CocoCategory, CocoDetection, CocoImage, CocoInstances } from './coco/input.ts';
export { CocoInputError } from './coco/input.ts';
export type { CocoMatches } from './coco/matches.ts';
export { cocoMatches } from './coco/matches.ts';
export type { Boxes, MetricOptions, Prediction, Target } from './coco/metric.ts';
export { DetectionMetric } from './coco/metric.ts';
export type { CocoNote, CocoNoteTag } from './coco/notes.ts';
export type { AreaRange, CocoOptions, CocoOverlap, CocoParams } from './coco/params.ts';
export { cocoAreas, cocoRecalls, cocoThresholds } from './coco/params.ts';
export { categoryTable, metricDictionary, plainResult } from './coco/report.ts';
export type { AnyFigures, CategoryResult, CocoCategoryResult, CocoFigures, CocoResult } from './coco/result.ts';
export type { MetricState } from './coco/streaming.ts';
export { cocoSummary } from './coco/summary.ts';
export type { Curve, CurveSource } from './core/curve.ts';
export { curveOf } from './core/curve.ts';
export type { CurvePlace, Tallied } from './core/place.ts';
export type { Id, Tally } from './core/tally.ts';
export { DuplicateImageError } from './core/tally.ts';
export type { VocAccumulator, VocPart } from './voc/accumulator.ts';
export { vocAccumulator } from './voc/accumulator.ts';
export type { VocRule } from './voc/average-precision.ts';
export type { VocOptions, VocParams, VocResult, VocThresholdResult } from './voc/evaluate.ts';
export { evaluateVoc, vocThresholds } from './voc/evaluate.ts';
export type { VocAnnotation, VocDetection, VocObject } from './voc/input.ts';
export { VocInputError } from './voc/input.ts';
export type { VocNote } from './voc/notes.ts';
export { vocReport, vocSummary } from './voc/summary.ts';
