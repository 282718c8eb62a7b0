"""The screens of bookings: tuned, twice, once with the exact count and once with none."""

from django.contrib.admin import AdminSite, ModelAdmin, display
from django.core.paginator import Paginator
from django.utils.functional import cached_property

from benchmarks.peers.django_admin.models import Booking, CourseSchedule, DiscountCode, User

#: What a list says instead of a count: enough for any page to be within it.
ASSUMED_COUNT = 99_999_999


class CountlessPaginator(Paginator):
    """A paginator that asks the database for no count."""

    @cached_property
    def count(self) -> int:
        """A number beyond any page."""
        return ASSUMED_COUNT


class BookingAdmin(ModelAdmin):
    """The list of bookings."""

    list_display = (
        "booking_reference",
        "contact_first_name",
        "contact_last_name",
        "course_name",
        "start",
        "number_of_places",
        "status",
        "payment_status",
        "payment_amount",
    )
    list_select_related = ("user", "course_schedule", "course_schedule__course")
    show_full_result_count = False
    search_fields = (
        "booking_reference",
        "contact_first_name",
        "contact_last_name",
        "company_name",
        "user__email",
        "course_schedule__course__name",
    )
    autocomplete_fields = ("user", "course_schedule", "discount_code")
    fields = (
        "user",
        "course_schedule",
        "discount_code",
        "contact_first_name",
        "contact_last_name",
        "contact_phone",
        "company_name",
        "purchase_order",
    )
    actions = None

    @display(ordering="course_schedule__course__name")
    def course_name(self, booking: Booking) -> str:
        """The course."""
        return str(booking.course_schedule.course.name)

    @display(ordering="course_schedule__start_datetime")
    def start(self, booking: Booking) -> object:
        """When it starts."""
        return booking.course_schedule.start_datetime


class SearchedAdmin(ModelAdmin):
    """What an ajax key is looked up in."""

    search_fields = ("id",)


def site(name: str, *, rows: int, is_counted: bool) -> AdminSite:
    """Return a site whose list has so many rows on a page."""
    paginator = Paginator if is_counted else CountlessPaginator
    bookings = type("Screen", (BookingAdmin,), {"list_per_page": rows, "paginator": paginator})
    made = AdminSite(name=name)
    made.register(Booking, bookings)
    for model in (User, CourseSchedule, DiscountCode):
        made.register(model, SearchedAdmin)
    return made
