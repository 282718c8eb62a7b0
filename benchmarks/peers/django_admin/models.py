"""The tables that the list of bookings shows, by the columns that it and its form need."""

from typing import ClassVar

from django.db import models

CURRENCY = {"max_digits": 10, "decimal_places": 2}


class User(models.Model):
    """A customer."""

    email = models.TextField()
    first_name = models.TextField()
    last_name = models.TextField()

    class Meta:
        managed = False
        db_table = "users"

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or str(self.email)


class Course(models.Model):
    """A course."""

    name = models.TextField()

    class Meta:
        managed = False
        db_table = "courses"

    def __str__(self) -> str:
        return str(self.name)


class CourseSchedule(models.Model):
    """A dated course."""

    course = models.ForeignKey(Course, models.PROTECT)
    start_datetime = models.DateTimeField()
    status = models.TextField()

    class Meta:
        managed = False
        db_table = "course_schedules"

    def __str__(self) -> str:
        return f"{self.course}, {self.start_datetime:%d %b %Y}"


class DiscountCode(models.Model):
    """A discount code."""

    code = models.TextField()

    class Meta:
        managed = False
        db_table = "discount_codes"

    def __str__(self) -> str:
        return str(self.code)


class Booking(models.Model):
    """A booking."""

    booking_reference = models.TextField(unique=True)
    user = models.ForeignKey(User, models.PROTECT)
    course_schedule = models.ForeignKey(CourseSchedule, models.PROTECT)
    discount_code = models.ForeignKey(DiscountCode, models.PROTECT, null=True, blank=True)
    contact_first_name = models.TextField()
    contact_last_name = models.TextField()
    contact_phone = models.TextField(blank=True)
    company_name = models.TextField(blank=True)
    purchase_order = models.TextField(blank=True)
    number_of_places = models.IntegerField()
    status = models.TextField()
    payment_status = models.TextField()
    payment_amount = models.DecimalField(**CURRENCY)
    created_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "bookings"
        ordering: ClassVar[list[str]] = ["-created_at", "-id"]

    def __str__(self) -> str:
        return str(self.booking_reference)
