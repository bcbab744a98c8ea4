"""The paper's tables and figures from one command (torch + lightning): training runs, scores, pages."""
