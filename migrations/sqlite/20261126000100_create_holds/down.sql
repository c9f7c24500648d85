DROP TABLE budget_months;
DROP TABLE hold_steps;
DROP TABLE holds;
DROP TABLE commission_steps;
