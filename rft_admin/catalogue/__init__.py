"""What is sold: courses, their dates, venues, trainers, materials and discount codes."""
