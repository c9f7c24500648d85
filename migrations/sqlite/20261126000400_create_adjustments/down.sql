DROP TABLE adjustments;
DROP TABLE adjustment_steps;
